extension Unpickler {
    /// The value of a literal opcode, or nil for other opcodes.
    mutating func literal(_ opcode: PickleOpcode) throws -> PickleValue? {
        switch opcode {
        case .none: PickleValue.none
        case .newTrue: .bool(true)
        case .newFalse: .bool(false)
        case .binInt: try .int(Int(integer(Int32.self)))
        case .binInt1: try .int(Int(integer(UInt8.self)))
        case .binInt2: try .int(Int(integer(UInt16.self)))
        case .long1: try long(counted(by: UInt8.self))
        case .long4: try long(counted(by: Int32.self))
        case .binFloat: try .double(Double(bitPattern: integer(UInt64.self).byteSwapped))
        default: try text(opcode)
        }
    }

    private mutating func text(_ opcode: PickleOpcode) throws -> PickleValue? {
        switch opcode {
        case .shortBinUnicode: try Self.string(counted(by: UInt8.self))
        case .binUnicode: try Self.string(counted(by: UInt32.self))
        case .binUnicode8: try Self.string(counted(by: UInt64.self))
        case .shortBinString: try Self.oldString(counted(by: UInt8.self))
        case .binString: try Self.oldString(counted(by: Int32.self))
        case .shortBinBytes: try .bytes([UInt8](counted(by: UInt8.self)))
        case .binBytes: try .bytes([UInt8](counted(by: UInt32.self)))
        case .binBytes8, .byteArray8: try .bytes([UInt8](counted(by: UInt64.self)))
        default: nil
        }
    }

    private static func string(_ bytes: UnsafeRawBufferPointer) -> PickleValue {
        .string(String(decoding: bytes, as: UTF8.self))
    }

    /// A Python 2 string, which is text if it is valid UTF-8, else bytes.
    private static func oldString(_ bytes: UnsafeRawBufferPointer) -> PickleValue {
        String(validating: bytes, as: UTF8.self).map(PickleValue.string) ?? .bytes([UInt8](bytes))
    }

    /// An integer in two's complement; opaque if it exceeds 64 bits.
    private mutating func long(_ bytes: UnsafeRawBufferPointer) -> PickleValue {
        guard bytes.count <= 8 else {
            return opaque(PickleGlobal(module: "builtins", name: "int"))
        }
        let isNegative = (bytes.last ?? 0) & 0x80 != 0
        return .int(bytes.reversed().reduce(isNegative ? -1 : 0) { $0 << 8 | Int($1) })
    }
}

// Tuples, lists, sets and dictionaries.
extension Unpickler {
    /// Performs a container operation.
    ///
    /// - Returns: false for other operations.
    mutating func performCollection(_ opcode: PickleOpcode) throws -> Bool {
        switch opcode {
        case .emptyTuple: push(.tuple, [])
        case .tuple: push(.tuple, try popToMark())
        case .tuple1: push(.tuple, try pop(count: 1))
        case .tuple2: push(.tuple, try pop(count: 2))
        case .tuple3: push(.tuple, try pop(count: 3))
        case .emptyList: push(.list, [])
        case .emptyDict: push(.dictionary, [])
        case .emptySet: push(.set, [])
        case .frozenSet: push(.set, try popToMark())
        case .append: try extend(with: try pop(count: 1), isPairs: false)
        case .appends, .addItems: try extend(with: try popToMark(), isPairs: false)
        case .setItem: try extend(with: try pop(count: 2), isPairs: true)
        case .setItems: try extend(with: try popToMark(), isPairs: true)
        default: return false
        }
        return true
    }

    private mutating func push(_ kind: PickleObject.Kind, _ elements: [PickleValue]) {
        stack.append(graph.add(PickleObject(kind: kind, elements: elements)))
    }

    private mutating func pop(count: Int) throws -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else {
            throw PyTorchCheckpointError.Problem.emptyStack(offset: offset)
        }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    /// Appends elements, or alternating keys and values, to the container on top of the stack.
    private mutating func extend(with elements: [PickleValue], isPairs: Bool) throws {
        guard !isPairs || elements.count.isMultiple(of: 2) else {
            throw invalid("a key without a value")
        }
        guard case .object(let index) = try top() else {
            throw invalid("elements for a value that is not a container")
        }
        switch (graph[index].kind, isPairs) {
        case (.list, false), (.set, false), (.dictionary, true):
            graph[index].elements += elements
        // An unknown class may be a list or a dictionary; its elements are ignored.
        case (.opaque, _): break
        default: throw invalid("elements for a container of another kind")
        }
    }
}
