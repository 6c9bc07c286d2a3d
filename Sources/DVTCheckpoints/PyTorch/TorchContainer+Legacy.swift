extension TorchContainer {
    private static let protocolVersion = 1001

    /// Parses a file in the format before PyTorch 1.6: five pickles (a magic number, the version of
    /// the format, properties of the machine, the object, and the keys of its storages), then for
    /// each key the number of elements in 8 bytes, and the elements.
    init(legacy bytes: UnsafeRawBufferPointer, magicByteCount: Int) throws {
        var rest = ByteCursor(bytes)
        guard rest.take(magicByteCount) != nil,
            rest.integer(UInt8.self) == PickleOpcode.stop.rawValue
        else {
            throw PyTorchCheckpointError.Problem.pickleCutShort(offset: magicByteCount)
        }
        let (_, version) = try Self.unpickle(&rest, bytes)
        guard case .int(Self.protocolVersion) = version else {
            throw PyTorchCheckpointError.Problem.unsupportedLegacyVersion
        }
        try Self.checkByteOrder(try Self.unpickle(&rest, bytes))
        let (object, root) = try Self.unpickle(&rest, bytes)
        let (keyReader, keyList) = try Self.unpickle(&rest, bytes)
        guard let keys = keyReader.graph.sequence(keyList) else {
            throw PyTorchCheckpointError.Problem.invalidStorageKeys
        }
        self.graph = object.graph
        self.root = root
        self.storages = try Self.storages(of: keys, known: object.storages, &rest)
    }

    private static func unpickle(
        _ rest: inout ByteCursor, _ bytes: UnsafeRawBufferPointer
    ) throws -> (Unpickler, PickleValue) {
        let start = rest.offset
        var unpickler = Unpickler(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        let value = try unpickler.run()
        _ = rest.take(unpickler.consumedByteCount)
        return (unpickler, value)
    }

    private static func checkByteOrder(_ facts: (reader: Unpickler, value: PickleValue)) throws {
        for (key, value) in facts.reader.graph.members(facts.value) ?? []
        where key == "little_endian" {
            switch value {
            case .bool(false), .int(0): throw PyTorchCheckpointError.Problem.bigEndian
            default: break
            }
        }
    }

    private static func storages(
        of keys: [PickleValue], known: [String: PickleStorage], _ rest: inout ByteCursor
    ) throws -> [String: Range<Int>] {
        var storages: [String: Range<Int>] = [:]
        for key in keys {
            guard case .string(let key) = key, let storage = known[key] else {
                throw PyTorchCheckpointError.Problem.invalidStorageKeys
            }
            guard let count = rest.integer(UInt64.self) else {
                throw PyTorchCheckpointError.Problem.legacyStoragePastEnd(
                    key: key, elementCount: nil, available: rest.remaining)
            }
            let (size, overflow) = count.multipliedReportingOverflow(
                by: UInt64(storage.type.byteCount))
            let start = rest.offset
            guard !overflow, size <= rest.remaining, rest.take(Int(size)) != nil else {
                throw PyTorchCheckpointError.Problem.legacyStoragePastEnd(
                    key: key, elementCount: count, available: rest.remaining)
            }
            storages[key] = start..<rest.offset
        }
        return storages
    }
}
