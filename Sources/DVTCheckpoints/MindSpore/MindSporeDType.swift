import DVTSupport

/// The element types of MindSpore checkpoints, by their names there.
///
/// - SeeAlso: `tensor_to_ms_type` in MindSpore's `serialization.py`.
public enum MindSporeDType: String, CaseIterable, Sendable {
    /// One byte, 0 or 1.
    case bool = "Bool"
    /// Signed, 8 bits.
    case int8 = "Int8"
    /// Signed, 16 bits.
    case int16 = "Int16"
    /// Signed, 32 bits.
    case int32 = "Int32"
    /// Signed, 64 bits.
    case int64 = "Int64"
    /// Unsigned, 8 bits.
    case uint8 = "UInt8"
    /// Unsigned, 16 bits.
    case uint16 = "UInt16"
    /// Unsigned, 32 bits.
    case uint32 = "UInt32"
    /// Unsigned, 64 bits.
    case uint64 = "UInt64"
    /// IEEE 754 binary16.
    case float16 = "Float16"
    /// The upper half of a float32.
    case bfloat16 = "BFloat16"
    /// IEEE 754 binary32.
    case float32 = "Float32"
    /// IEEE 754 binary64.
    case float64 = "Float64"

    /// Finds a type by its name in a checkpoint.
    ///
    /// - Parameter name: the name; early versions of MindSpore wrote `Uint8` for `UInt8`, and so
    ///   on.
    init?(name: String) {
        let isOldName = name.hasPrefix("Uint")
        self.init(rawValue: isOldName ? "UInt" + name.dropFirst("Uint".count) : name)
    }

    /// The size of an element, in bytes.
    public var byteCount: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// Whether elements can be converted to float32.
    var isFloatingPoint: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }

    /// Converts elements of a floating-point type to float32.
    ///
    /// - Parameters:
    ///   - bytes: whole elements, little-endian, aligned or not.
    ///   - target: the destination, with as many elements.
    /// - Throws: ``Float64Overflow``.
    func convert(
        _ bytes: UnsafeRawBufferPointer, to target: Slice<UnsafeMutableBufferPointer<Float>>
    ) throws {
        let target = UnsafeMutableBufferPointer(rebasing: target)
        switch self {
        case .float32: UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
        case .float16: Self.fill(target, from: bytes, HalfFormat.float16.decode)
        case .bfloat16: Self.fill(target, from: bytes, HalfFormat.bfloat16.decode)
        case .float64:
            try Self.fill(target, from: bytes) { (value: Double) in try .narrowed(value) }
        default: preconditionFailure("\(self) is not a floating-point type")
        }
    }

    private static func fill<Element: BitwiseCopyable>(
        _ target: UnsafeMutableBufferPointer<Float>, from bytes: UnsafeRawBufferPointer,
        _ convert: (Element) throws -> Float
    ) rethrows {
        for index in target.indices {
            let offset = index * MemoryLayout<Element>.stride
            let element = bytes.loadUnaligned(fromByteOffset: offset, as: Element.self)
            target.initializeElement(at: index, to: try convert(element))
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
