import DVTSupport

/// The precision of tensors in device memory.
///
/// In 16 bits, weights, activations and relations are rounded to nearest when they are stored;
/// products are summed in float32. Biases, LayerNorm parameters, logits and scores stay float32.
public enum Precision: String, CaseIterable, Sendable {
    /// IEEE 754 binary32.
    case float32
    /// IEEE 754 binary16: 11 significant bits, at most 65504.
    case float16
    /// The upper half of a float32: 8 significant bits, the range of float32.
    case bfloat16

    /// The 16-bit format, or nil for float32.
    var halfFormat: HalfFormat? {
        switch self {
        case .float32: nil
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }

    /// The bytes of an element.
    package var elementByteCount: Int { self == .float32 ? 4 : 2 }

    /// The macros of `common.cl` for elements of this precision.
    var macros: [String] {
        switch self {
        case .float32: []
        case .float16: ["ELEMENT_FLOAT16"]
        case .bfloat16: ["ELEMENT_BFLOAT16"]
        }
    }
}
