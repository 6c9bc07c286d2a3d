import DVTSupport

/// Binary formats without a fixed start.
extension OtherFormat {
    /// An ONNX model, a TensorFlow graph or a SavedModel, all messages of protobuf.
    static func protobuf(_ bytes: UnsafeRawBufferPointer) -> OtherFormat? {
        var cursor = ByteCursor(bytes)
        switch cursor.integer(UInt8.self) {
        case 0x08: return versioned(&cursor)
        case 0x0A: return graph(&cursor)
        default: return nil
        }
    }

    /// A message whose first field is a version below 128.
    private static func versioned(_ cursor: inout ByteCursor) -> OtherFormat? {
        guard let version = cursor.integer(UInt8.self), (1..<0x80).contains(version),
            let key = cursor.integer(UInt8.self)
        else { return nil }
        // ONNX: the producer's name or, without one, the graph.
        if key == 0x12, let name = cursor.shortText(), !name.isEmpty {
            return onnx(producer: name)
        }
        if key == 0x3A { return onnx(producer: nil) }
        // SavedModel: the schema's version 1 and a graph, which begins with its description.
        if version == 1, key == 0x12, cursor.skipVarint(), cursor.integer(UInt8.self) == 0x0A {
            return convertible("is a TensorFlow SavedModel")
        }
        return nil
    }

    private static func onnx(producer: String?) -> OtherFormat {
        let origin = producer.map { " by \(quoted($0, limit: 40))" } ?? ""
        return OtherFormat(
            statement: "is an ONNX model\(origin), not a checkpoint",
            remedy: "give the checkpoint that it was exported from")
    }

    /// A graph of TensorFlow: nodes with a name and an operation.
    ///
    /// A value in a checkpoint of MindSpore begins alike, but its second field is a message.
    private static func graph(_ cursor: inout ByteCursor) -> OtherFormat? {
        guard cursor.skipVarint(), cursor.integer(UInt8.self) == 0x0A, cursor.shortText() != nil,
            cursor.integer(UInt8.self) == 0x12, let operation = cursor.shortText(),
            let first = operation.first, first.isUppercase,
            operation.allSatisfy({ $0.isLetter || $0.isNumber })
        else { return nil }
        return convertible("is a TensorFlow graph (.pb)")
    }

    /// MessagePack: a map from texts to maps or arrays, as Flax saves parameters.
    static func messagePack(_ bytes: UnsafeRawBufferPointer) -> OtherFormat? {
        var cursor = ByteCursor(bytes)
        switch cursor.integer(UInt8.self) {
        case .some(0x81...0x8F): break
        case 0xDE: _ = cursor.take(2)
        default: return nil
        }
        let count: Int
        switch cursor.integer(UInt8.self) {
        case .some(let byte) where (0xA1...0xBF).contains(byte): count = Int(byte & 0x1F)
        case 0xD9: count = Int(cursor.integer(UInt8.self) ?? 0)
        default: return nil
        }
        guard let key = cursor.take(count), isPrintable(key),
            let value = cursor.integer(UInt8.self),
            (0x80...0x8F).contains(value) || (0xC7...0xC9).contains(value)
                || (0xDE...0xDF).contains(value)
        else { return nil }
        return convertible("is MessagePack, as Flax saves parameters (.msgpack)")
    }

    /// A pickle that is not of `torch.save`.
    static func pickle(_ bytes: UnsafeRawBufferPointer) -> OtherFormat? {
        guard bytes.count > 2, bytes[0] == PickleOpcode.proto.rawValue, (2...5).contains(bytes[1]),
            PickleOpcode(rawValue: bytes[2]) != nil
        else { return nil }
        return OtherFormat(
            statement: "is a Python pickle that torch.save did not write",
            remedy: "load it in Python if you trust it, and save the weights with torch.save")
    }

    /// The index of a TensorFlow checkpoint, a table of LevelDB with a magic number at its end.
    static func tensorFlowIndex(_ file: MappedFile) throws -> OtherFormat? {
        let magic: [UInt8] = [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB]
        guard file.byteCount >= magic.count else { return nil }
        let end = file.byteCount - magic.count..<file.byteCount
        return try file.withBytes(in: end) { $0.elementsEqual(magic) }
            ? convertible("is the index of a TensorFlow checkpoint (.index)") : nil
    }

    static func isPrintable(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.allSatisfy { (0x20..<0x7F).contains($0) }
    }
}

extension ByteCursor {
    /// Reads a printable text below 128 bytes, after its length; nil if there is none.
    fileprivate mutating func shortText() -> String? {
        var copy = self
        guard let count = copy.integer(UInt8.self), count < 0x80, let text = copy.take(Int(count)),
            OtherFormat.isPrintable(text)
        else { return nil }
        self = copy
        return String(decoding: text, as: UTF8.self)
    }

    /// Skips a variable-length integer of protobuf; returns whether there was one.
    fileprivate mutating func skipVarint() -> Bool {
        for _ in 0..<10 {
            guard let byte = integer(UInt8.self) else { return false }
            if byte < 0x80 { return true }
        }
        return false
    }
}
