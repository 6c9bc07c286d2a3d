import DVTSupport

/// PyTorch's element types, by their names in `torch`.
///
/// - SeeAlso: `torch.storage._dtype_to_storage_type_map`, <https://github.com/pytorch/pytorch>.
enum TorchElementType: String, CaseIterable, Sendable {
    case float64
    case float32
    case float16
    case bfloat16
    case int64
    case int32
    case int16
    case int8
    case uint64
    case uint32
    case uint16
    case uint8
    case bool
    case complex128
    case complex64
    case complex32
    case float8E4M3FN = "float8_e4m3fn"
    case float8E4M3FNUZ = "float8_e4m3fnuz"
    case float8E5M2 = "float8_e5m2"
    case float8E5M2FNUZ = "float8_e5m2fnuz"
    case float8E8M0FNU = "float8_e8m0fnu"
    case qint32
    case qint8
    case quint8

    /// Finds the type of a storage class; that of untyped storages is ``uint8``.
    ///
    /// - Parameter global: the class, for example `torch.FloatStorage`.
    init?(storageClass global: PickleGlobal) {
        let modules = ["torch", "torch.storage", "torch.cuda"]
        guard modules.contains(global.module), let type = Self.storageClasses[global.name] else {
            return nil
        }
        self = type
    }

    private static let storageClasses: [String: Self] = [
        "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
        "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
        "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
        "ComplexDoubleStorage": .complex128, "ComplexFloatStorage": .complex64,
        "QInt32Storage": .qint32, "QInt8Storage": .qint8, "QUInt8Storage": .quint8,
        "UntypedStorage": .uint8, "_UntypedStorage": .uint8,
    ]

    /// Finds the type of a NumPy code.
    ///
    /// - Parameter code: kind and size without byte order, for example `f8`.
    init?(numPyCode code: String) {
        switch code {
        case "f8": self = .float64
        case "f4": self = .float32
        case "f2": self = .float16
        case "i8": self = .int64
        case "i4": self = .int32
        case "i2": self = .int16
        case "i1": self = .int8
        case "u8": self = .uint64
        case "u4": self = .uint32
        case "u2": self = .uint16
        case "u1": self = .uint8
        case "b1": self = .bool
        default: return nil
        }
    }

    /// The size of an element, in bytes.
    var byteCount: Int {
        switch self {
        case .complex128: 16
        case .float64, .int64, .uint64, .complex64: 8
        case .float32, .int32, .uint32, .complex32, .qint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool, .float8E4M3FN, .float8E4M3FNUZ, .float8E5M2, .float8E5M2FNUZ,
            .float8E8M0FNU, .qint8, .quint8:
            1
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
