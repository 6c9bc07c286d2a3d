/// A parsed `torch.save` file: the saved object, and the position of its storages.
struct TorchContainer {
    /// The objects of the pickle.
    let graph: PickleGraph
    /// The saved object.
    let root: PickleValue
    /// The bytes of each storage in the file, by key.
    let storages: [String: Range<Int>]

    /// Parses a file of any format.
    ///
    /// - Parameter bytes: the whole file.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        switch TorchLayout(bytes) {
        case .zip: try self.init(zip: bytes)
        case .legacy(let magicByteCount):
            try self.init(legacy: bytes, magicByteCount: magicByteCount)
        case .tar: throw PyTorchCheckpointError.Problem.tarArchive
        case nil: throw PyTorchCheckpointError.Problem.notACheckpoint
        }
    }

    /// Parses a zip archive, the format since PyTorch 1.6: one folder with the object in `data.pkl`
    /// and each storage in `data/KEY`.
    private init(zip bytes: UnsafeRawBufferPointer) throws {
        let archive = try ZipArchive(bytes)
        let folder = try Self.folder(of: archive)
        guard archive.entries[folder + "constants.pkl"] == nil else {
            throw PyTorchCheckpointError.Problem.torchScript
        }
        if let order = archive.entries[folder + "byteorder"],
            !bytes[order].elementsEqual("little".utf8)
        {
            throw PyTorchCheckpointError.Problem.bigEndian
        }
        // `folder(of:)` found this entry.
        let pickle = archive.entries[folder + "data.pkl"] ?? 0..<0
        guard pickle.count <= Unpickler.byteLimit else {
            throw PyTorchCheckpointError.Problem.pickleTooLong(limit: Unpickler.byteLimit)
        }
        var unpickler = Unpickler(UnsafeRawBufferPointer(rebasing: bytes[pickle]))
        root = try unpickler.run()
        graph = unpickler.graph
        storages = Dictionary(
            uniqueKeysWithValues: unpickler.storages.keys.compactMap { key in
                archive.entries[folder + "data/" + key].map { (key, $0) }
            })
    }

    /// The folder of `data.pkl`, with its slash.
    private static func folder(of archive: ZipArchive) throws -> String {
        let pickles = archive.entries.keys.filter { name in
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            return parts.last == "data.pkl" && parts.count <= 2
        }.sorted()
        guard let pickle = pickles.first, pickles.count == 1 else {
            throw pickles.isEmpty
                ? PyTorchCheckpointError.Problem.noPickle
                : PyTorchCheckpointError.Problem.severalPickles(pickles.count)
        }
        return String(pickle.dropLast("data.pkl".count))
    }
}

/// The formats of `torch.save` files.
enum TorchLayout {
    /// Since PyTorch 1.6: a zip archive.
    case zip
    /// From 0.1.10 to 1.5: pickles, the first being a magic number, followed by storages.
    case legacy(magicByteCount: Int)
    /// Before 0.1.10: a tar archive.
    case tar

    /// The number of leading bytes that identify any format.
    static let leadingByteCount = 262

    private static let zipMagic: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    /// LONG1 with the 10 bytes of 0x1950A86A20F9469CFC6C.
    private static let legacyMagic: [UInt8] = [
        0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
    ]

    /// Identifies the format of a file, or returns nil.
    ///
    /// - Parameter bytes: the leading bytes; 262 unless the file is shorter.
    init?(_ bytes: UnsafeRawBufferPointer) {
        if bytes.starts(with: Self.zipMagic) {
            self = .zip
        } else if let count = Self.legacyMagicByteCount(bytes) {
            self = .legacy(magicByteCount: count)
        } else if bytes.dropFirst(257).starts(with: "ustar".utf8) {
            self = .tar
        } else {
            return nil
        }
    }

    /// The size of the pickled magic number without its STOP, or nil.
    private static func legacyMagicByteCount(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var cursor = ByteCursor(bytes)
        guard cursor.integer(UInt8.self) == PickleOpcode.proto.rawValue,
            let version = cursor.integer(UInt8.self), (2...5).contains(version)
        else { return nil }
        // From protocol 4 on, a pickle has frames, each starting with an opcode and 8 bytes of
        // size.
        let frameByteCount = 9
        let skipped =
            version >= 4 && bytes.dropFirst(2).first == PickleOpcode.frame.rawValue
            ? frameByteCount : 0
        guard bytes.dropFirst(2 + skipped).starts(with: legacyMagic) else { return nil }
        return 2 + skipped + legacyMagic.count
    }
}
