/// A Python value to pickle.
indirect enum Python: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case text(String)
    case bytes([UInt8])
    case tuple([Python])
    case list([Python])
    case dict([(Python, Python)])
    case global(String, String)
    case call(Python, [Python])
    case build(Python, Python)
    case persistent(Python)
    case raw([UInt8])

    /// The operations that produce the value in protocol 2.
    var operations: [UInt8] {
        switch self {
        case .none: [0x4E]
        case .bool(let value): [value ? 0x88 : 0x89]
        case .int(let value): [0x8A, 8] + littleEndian(Int64(value))
        case .float(let value): [0x47] + littleEndian(value.bitPattern).reversed()
        case .text(let text): [0x58] + littleEndian(UInt32(text.utf8.count)) + Array(text.utf8)
        case .bytes(let bytes): [0x42] + littleEndian(UInt32(bytes.count)) + bytes
        case .tuple(let elements): [0x28] + elements.flatMap(\.operations) + [0x74]
        case .list(let elements): [0x5D, 0x28] + elements.flatMap(\.operations) + [0x65]
        case .dict(let members):
            [0x7D, 0x28] + members.flatMap { $0.0.operations + $0.1.operations } + [0x75]
        case .global(let module, let name): Array("c\(module)\n\(name)\n".utf8)
        case .call(let function, let arguments):
            function.operations + Python.tuple(arguments).operations + [0x52]
        case .build(let object, let state): object.operations + state.operations + [0x62]
        case .persistent(let identifier): identifier.operations + [0x51]
        case .raw(let bytes): bytes
        }
    }

    /// The complete pickle.
    var pickle: [UInt8] { [0x80, 2] + operations + [0x2E] }
}

extension Python: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(integerLiteral value: Int) { self = .int(value) }
    init(stringLiteral value: String) { self = .text(value) }
    init(floatLiteral value: Double) { self = .float(value) }
    init(arrayLiteral elements: Python...) { self = .list(elements) }
    init(dictionaryLiteral elements: (Python, Python)...) { self = .dict(elements) }
}

extension Python {
    /// A storage of `torch.save`.
    static func storage(
        _ key: String = "0", _ type: String = "FloatStorage", count: Int, view: Python? = nil
    ) -> Python {
        let fields: [Python] = [
            "storage", .global("torch", type), .text(key), "cpu", .int(count),
        ]
        return .persistent(.tuple(fields + (view.map { [$0] } ?? [])))
    }

    /// A tensor of `torch.save`.
    static func tensor(
        _ storage: Python, offset: Int = 0, _ sizes: [Int], _ strides: [Int]
    ) -> Python {
        .call(
            .global("torch._utils", "_rebuild_tensor_v2"),
            [
                storage, .int(offset), .tuple(sizes.map(Python.int)),
                .tuple(strides.map(Python.int)), .bool(false),
                .call(.global("collections", "OrderedDict"), []),
            ])
    }

    /// A vector that fills its storage.
    static func vector(
        _ key: String = "0", _ type: String = "FloatStorage", count: Int
    ) -> Python {
        .tensor(.storage(key, type, count: count), [count], [1])
    }
}

/// The bytes of float32 numbers.
func floatBytes(_ values: [Float]) -> [UInt8] {
    values.flatMap { littleEndian($0.bitPattern) }
}
