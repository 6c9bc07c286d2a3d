import DVTCore
import DVTSupport

// NumPy numbers and arrays, which training scripts save in addition to the weights.
extension Unpickler {
    /// The maximum length of text that encodes an array's bytes.
    private static let textLimit = 1 << 16

    /// The result of a NumPy function, or nil if the function is unknown.
    ///
    /// - Parameters:
    ///   - global: the function.
    ///   - arguments: its arguments.
    /// - Returns: the value.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    mutating func numPy(_ global: PickleGlobal, _ arguments: [PickleValue]) throws -> PickleValue? {
        switch global.path {
        case "numpy.dtype":
            guard case .string(let code) = arguments.first else { return nil }
            let type = NumPyType(code: code, isSwapped: false)
            return graph.add(PickleObject(kind: .numPyType(type)))
        case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar":
            return try numPyScalar(arguments)
        case "_codecs.encode": return try encoded(arguments)
        default: return nil
        }
    }

    private mutating func numPyScalar(_ arguments: [PickleValue]) throws -> PickleValue? {
        guard arguments.count == 2, let type = numPyType(arguments[0]), !type.isSwapped,
            let elementType = TorchElementType(numPyCode: type.code),
            let bytes = try bytes(arguments[1]), bytes.count == elementType.byteCount
        else { return nil }
        return switch bytes.withUnsafeBytes({ elementType.number(in: $0, at: 0) }) {
        case .int(let value): .int(value)
        case .double(let value): .double(value)
        case .bool(let value): .bool(value)
        default: nil
        }
    }

    /// The array with the state `(version, sizes, type, isFortranOrder, bytes)`.
    ///
    /// - Parameter state: the state.
    /// - Returns: the array, or nil for another state.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    mutating func numPyArray(_ state: [PickleValue]?) throws -> NumPyArray? {
        guard let state, state.count == 5, let type = numPyType(state[2]),
            let rank = graph.sequence(state[1])?.count, rank <= 8,
            let sizes = graph.integers(state[1]), case .bool(let isFortranOrder) = state[3],
            let bytes = try bytes(state[4])
        else { return nil }
        return NumPyArray(type: type, sizes: sizes, isFortranOrder: isFortranOrder, bytes: bytes)
    }

    private func numPyType(_ value: PickleValue) -> NumPyType? {
        guard case .numPyType(let type) = graph.object(value)?.kind else { return nil }
        return type
    }

    /// Bytes, which Python 2 writes as text.
    private mutating func bytes(_ value: PickleValue) throws -> [UInt8]? {
        switch value {
        case .bytes(let bytes): return bytes
        case .string(let text) where text.utf8.count <= Self.textLimit:
            try charge(text.utf8.count / 16)
            return [UInt8](text.utf8)
        default: return nil
        }
    }

    /// Python 3 bytes as protocol 2 writes them: each as the character with its code.
    private mutating func encoded(_ arguments: [PickleValue]) throws -> PickleValue? {
        guard case .string(let text) = arguments.first, text.utf8.count <= Self.textLimit else {
            return nil
        }
        try charge(text.utf8.count / 16)
        let bytes = text.unicodeScalars.compactMap { UInt8(exactly: $0.value) }
        return bytes.count == text.unicodeScalars.count ? .bytes(bytes) : nil
    }
}

extension NumPyType {
    /// The type with the byte order (`<`, `>`, `=` or `|`) of a state `(version, order, ...)`.
    ///
    /// - Parameter state: the state.
    /// - Returns: the type.
    func with(byteOrderOf state: [PickleValue]?) -> NumPyType {
        guard let state, state.count > 1, case .string(let order) = state[1] else { return self }
        return NumPyType(code: code, isSwapped: order == ">")
    }
}

extension PickleGlobal {
    /// Whether this creates a NumPy array, which a state then fills.
    var isNumPyArray: Bool {
        path == "numpy.core.multiarray._reconstruct"
            || path == "numpy._core.multiarray._reconstruct"
    }
}
