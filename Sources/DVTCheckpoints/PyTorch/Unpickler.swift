/// Reads a pickle without running any code.
///
/// A pickle is a program for a stack machine that may call any Python function. This machine calls
/// none: it creates the results of the few classes and functions of PyTorch checkpoints itself, and
/// any other global becomes an opaque object with its name. Pickles that name functions only an
/// attack would use are rejected.
///
/// The machine is not recursive, and the number of operations bounds the objects it creates, so
/// time and memory are proportional to the size of the pickle.
struct Unpickler {
    /// The maximum size of a pickle; a large model with its optimizer's state takes less than a
    /// tenth.
    static let byteLimit = 64 << 20
    /// The maximum number of operations; a tensor takes about 30.
    static let operationLimit = 4 << 20

    /// The objects created so far.
    var graph = PickleGraph()
    var stack: [PickleValue] = []
    /// The height of the stack at each open mark.
    var marks: [Int] = []
    /// The storages named so far, by key.
    var storages: [String: PickleStorage] = [:]
    private var memo: [UInt32: PickleValue] = [:]
    private var operationCount = 0
    private var cursor: ByteCursor
    private let byteCount: Int
    /// The offset of the current operation.
    private(set) var offset = 0

    /// Creates a machine for one pickle.
    ///
    /// - Parameter bytes: the pickle, possibly followed by other data.
    init(_ bytes: UnsafeRawBufferPointer) {
        byteCount = min(bytes.count, Self.byteLimit)
        cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.byteLimit)))
    }

    /// The number of bytes read.
    var consumedByteCount: Int { cursor.offset }

    /// Reads the pickle.
    ///
    /// - Returns: its value, whose objects are in ``graph``.
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

    /// Counts operations, including the equivalent of expensive ones.
    ///
    /// - Parameter count: the number of operations.
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
        // Like Python, drops an open mark if nothing is above it.
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
    /// The value on top of the stack.
    func top() throws -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else {
            throw PyTorchCheckpointError.Problem.emptyStack(offset: offset)
        }
        return value
    }

    /// Removes and returns the value on top, if there is one above the last mark.
    mutating func pop() throws -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    /// Removes the last mark, and returns the values above it.
    mutating func popToMark() throws -> [PickleValue] {
        guard let mark = marks.popLast() else {
            throw PyTorchCheckpointError.Problem.emptyStack(offset: offset)
        }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    /// The error of an operation with an operand of the wrong kind.
    ///
    /// - Parameter reason: the problem, as a noun phrase.
    /// - Returns: the error.
    func invalid(_ reason: String) -> PyTorchCheckpointError.Problem {
        .invalidPickle(reason: reason, offset: offset)
    }
}

// Operands of opcodes.
extension Unpickler {
    mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
        guard let number = cursor.integer(type) else { throw endProblem }
        return number
    }

    /// Reads a length and as many bytes.
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

    /// Reads a line of a GLOBAL opcode.
    mutating func line() throws -> String {
        guard let line = cursor.line() else { throw endProblem }
        return String(decoding: line, as: UTF8.self)
    }

    private var endProblem: PyTorchCheckpointError.Problem {
        byteCount < Self.byteLimit
            ? .pickleCutShort(offset: offset) : .pickleTooLong(limit: Self.byteLimit)
    }
}
