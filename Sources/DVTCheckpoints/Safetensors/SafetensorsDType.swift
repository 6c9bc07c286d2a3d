import DVTSupport

/// The element types of the safetensors format, by their names there.
///
/// - SeeAlso: `Dtype` in the reference implementation,
///   <https://github.com/huggingface/safetensors>.
public enum SafetensorsDType: String, CaseIterable, Sendable {
    /// One byte, 0 or 1.
    case bool = "BOOL"
    /// 4 bits, OCP MX.
    case float4 = "F4"
    /// 6 bits, 2 of exponent and 3 of fraction, OCP MX.
    case float6E2M3 = "F6_E2M3"
    /// 6 bits, 3 of exponent and 2 of fraction, OCP MX.
    case float6E3M2 = "F6_E3M2"
    /// Unsigned, 8 bits.
    case uint8 = "U8"
    /// Signed, 8 bits.
    case int8 = "I8"
    /// 8 bits, 5 of exponent and 2 of fraction.
    case float8E5M2 = "F8_E5M2"
    /// 8 bits, 4 of exponent and 3 of fraction.
    case float8E4M3 = "F8_E4M3"
    /// 8 bits of exponent, OCP MX.
    case float8E8M0 = "F8_E8M0"
    /// 8 bits, 4 of exponent and 3 of fraction, without infinities and negative zero.
    case float8E4M3FNUZ = "F8_E4M3FNUZ"
    /// 8 bits, 5 of exponent and 2 of fraction, without infinities and negative zero.
    case float8E5M2FNUZ = "F8_E5M2FNUZ"
    /// Signed, 16 bits.
    case int16 = "I16"
    /// Unsigned, 16 bits.
    case uint16 = "U16"
    /// IEEE 754 binary16.
    case float16 = "F16"
    /// The upper half of a float32.
    case bfloat16 = "BF16"
    /// Signed, 32 bits.
    case int32 = "I32"
    /// Unsigned, 32 bits.
    case uint32 = "U32"
    /// IEEE 754 binary32.
    case float32 = "F32"
    /// Two float32, real and imaginary.
    case complex64 = "C64"
    /// IEEE 754 binary64.
    case float64 = "F64"
    /// Signed, 64 bits.
    case int64 = "I64"
    /// Unsigned, 64 bits.
    case uint64 = "U64"

    /// The size of an element, in bits; elements of fewer than 8 bits are packed.
    public var bitCount: Int {
        switch self {
        case .float4: 4
        case .float6E2M3, .float6E3M2: 6
        case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0, .float8E4M3FNUZ,
            .float8E5M2FNUZ:
            8
        case .int16, .uint16, .float16, .bfloat16: 16
        case .int32, .uint32, .float32: 32
        case .complex64, .float64, .int64, .uint64: 64
        }
    }

    /// The 16-bit format, or nil for other types.
    var half: HalfFormat? {
        switch self {
        case .float16: .float16
        case .bfloat16: .bfloat16
        default: nil
        }
    }
}
