/// Reads a pickle without ever running what it asks for.
///
/// Python's pickle is a program for a stack machine that may call any function. This machine calls
/// none. It knows what the few classes and functions of a PyTorch checkpoint would have made, and
/// whatever else a pickle names becomes an opaque object, which carries the name and nothing more;
/// a pickle that names a function which could only be meant to do harm is refused.
///
/// The machine does not call itself, and what it makes is bounded by the number of operations: so a
/// pickle of a given size takes a time and memory in proportion to it.
struct Unpickler {
    /// The longest pickle that is read: of a large model with its optimizer's state it takes less
    /// than a tenth.
    static let byteLimit = 64 << 20
    /// The most operations that are carried out; a tensor takes about 30.
    static let operationLimit = 4 << 20

    /// The objects made so far.
    var graph = PickleGraph()
    var stack: [PickleValue] = []
    /// The height of the stack at each mark that is still open.
    var marks: [Int] = []
    /// The storages named so far, by key.
    var storages: [String: PickleStorage] = [:]
    private var memo: [UInt32: PickleValue] = [:]
    private var operationCount = 0
    private var cursor: ByteCursor
    private let byteCount: Int
    /// The first byte of the operation under way.
    private(set) var offset = 0

    /// Creates a machine for one pickle.
    ///
    /// - Parameter bytes: the pickle and what may follow it.
    init(_ bytes: UnsafeRawBufferPointer) {
        byteCount = min(bytes.count, Self.byteLimit)
        cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.byteLimit)))
    }

    /// The number of bytes read.
    var consumedByteCount: Int { cursor.offset }

    /// Reads the pickle.
    ///
    /// - Returns: its value, whose parts are in ``graph``.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    mutating func run() throws -> PickleValue {
        while true {
            offset = cursor.offset
            try charge(1)
            let byte = try integer(UInt8.self)
            guard let opcode = PickleOpcode(rawValue: byte) else {
                throw PyTorchCheckpointError.Problem.unknownOpcode(byte, offset: offset)
            }
            if opcode == .stop { return try pop() }
            try perform(opcode)
        }
    }

    /// Counts operations, and what costs as much as several.
    ///
    /// - Parameter count: how many.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    mutating func charge(_ count: Int) throws {
        operationCount += count
        guard operationCount <= Self.operationLimit else {
            throw PyTorchCheckpointError.Problem.tooManyOperations(limit: Self.operationLimit)
        }
    }

    private mutating func perform(_ opcode: PickleOpcode) throws {
        if let value = try literal(opcode) {
            return stack.append(value)
        }
        if try performCollection(opcode) { return }
        switch opcode {
        case .proto: try readProtocol()
        case .frame: _ = try integer(UInt64.self)
        case .mark: marks.append(stack.count)
        case .pop: try performPop()
        case .popMark: _ = try popToMark()
        case .binGet: try recall(UInt32(integer(UInt8.self)))
        case .longBinGet: try recall(integer(UInt32.self))
        case .binPut: try remember(as: UInt32(integer(UInt8.self)))
        case .longBinPut: try remember(as: integer(UInt32.self))
        case .memoize: try remember(as: UInt32(memo.count))
        default: try performObject(opcode)
        }
    }

    private mutating func readProtocol() throws {
        let version = try integer(UInt8.self)
        guard (2...5).contains(version) else {
            throw PyTorchCheckpointError.Problem.unsupportedPickleProtocol(Int(version))
        }
    }

    private mutating func performPop() throws {
        // Python drops an open mark where nothing lies above it.
        if marks.last == stack.count {
            marks.removeLast()
        } else {
            _ = try pop()
        }
    }

    private mutating func remember(as index: UInt32) throws {
        memo[index] = try top()
    }

    private mutating func recall(_ index: UInt32) throws {
        guard let value = memo[index] else {
            throw PyTorchCheckpointError.Problem.unknownMemo(index, offset: offset)
        }
        stack.append(value)
    }
}

// The stack.
extension Unpickler {
    /// The value on top, which stays there.
    func top() throws -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else {
            throw PyTorchCheckpointError.Problem.emptyStack(offset: offset)
        }
        return value
    }

    /// The value on top, taken off; a mark is never passed.
    mutating func pop() throws -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    /// The values above the last mark, taken off with it.
    mutating func popToMark() throws -> [PickleValue] {
        guard let mark = marks.popLast() else {
            throw PyTorchCheckpointError.Problem.emptyStack(offset: offset)
        }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    /// The error of an operation that has come upon another kind of value than it works on.
    ///
    /// - Parameter reason: what is wrong, as a noun.
    /// - Returns: the error.
    func invalid(_ reason: String) -> PyTorchCheckpointError.Problem {
        .invalidPickle(reason: reason, offset: offset)
    }
}

// The operands that stand in the pickle.
extension Unpickler {
    mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
        guard let number = cursor.integer(type) else { throw endProblem }
        return number
    }

    /// Bytes behind their length, which may claim any size.
    mutating func counted<Number: FixedWidthInteger>(
        by type: Number.Type
    ) throws -> UnsafeRawBufferPointer {
        guard let length = UInt64(exactly: try integer(type)) else {
            throw invalid("a negative length")
        }
        guard length <= cursor.remaining, let bytes = cursor.take(Int(length)) else {
            guard byteCount < Self.byteLimit else { throw endProblem }
            throw PyTorchCheckpointError.Problem.lengthPastEnd(
                length: length, available: cursor.remaining, offset: offset)
        }
        return bytes
    }

    /// A line of a GLOBAL.
    mutating func line() throws -> String {
        guard let line = cursor.line() else { throw endProblem }
        return String(decoding: line, as: UTF8.self)
    }

    private var endProblem: PyTorchCheckpointError.Problem {
        byteCount < Self.byteLimit
            ? .pickleCutShort(offset: offset) : .pickleTooLong(limit: Self.byteLimit)
    }
}
