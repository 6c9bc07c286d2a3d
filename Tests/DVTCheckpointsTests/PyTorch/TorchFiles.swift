import DVTCheckpoints
import DVTCore
import Testing

/// An entry of a zip archive; any field may be wrong.
struct ZipTestEntry: Sendable {
    var name: String
    var data: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var localName: String?
    var localMethod: UInt16?
    var localByteCount: UInt32?
    var compressedByteCount: UInt32?
    var byteCount: UInt32?
    var offset: UInt32?
    var checksum: UInt32 = 0
    var extra: [UInt8] = []

    func header(localOffset: Int) -> [UInt8] {
        let size = UInt32(data.count)
        let sizes =
            littleEndian(compressedByteCount ?? size) + littleEndian(byteCount ?? size)
        let counts = [name.utf8.count, extra.count, 0, 0, 0].map { UInt16($0) }
        return [0x50, 0x4B, 1, 2, 0, 0, 0, 0] + littleEndian(flags) + littleEndian(method)
            + [0, 0, 0, 0] + littleEndian(checksum) + sizes + counts.flatMap(littleEndian)
            + [0, 0, 0, 0] + littleEndian(offset ?? UInt32(localOffset)) + Array(name.utf8) + extra
    }

    var localHeader: [UInt8] {
        let size = localByteCount ?? UInt32(data.count)
        let name = localName ?? name
        return [0x50, 0x4B, 3, 4, 0, 0] + littleEndian(flags)
            + littleEndian(localMethod ?? method) + [UInt8](repeating: 0, count: 8)
            + littleEndian(size) + littleEndian(size) + littleEndian(UInt16(name.utf8.count))
            + [0, 0] + Array(name.utf8)
    }
}

/// A zip archive.
struct ZipTestArchive: Sendable {
    var entries: [ZipTestEntry]
    var entryCount: UInt16?
    var directoryByteCount: UInt32?
    var directoryOffset: UInt32?
    var comment = ""
    var disk: UInt16 = 0
    /// Changes the fields of a ZIP64 record, which precedes the last record: number of entries,
    /// size and offset of the directory, offset of the record.
    var wide: (@Sendable (inout [UInt64]) -> Void)?

    init(_ entries: [ZipTestEntry]) {
        self.entries = entries
    }

    var bytes: [UInt8] {
        var (contents, directory): ([UInt8], [UInt8]) = ([], [])
        for entry in entries {
            directory += entry.header(localOffset: contents.count)
            contents += entry.localHeader + entry.data
        }
        let count = entryCount ?? UInt16(entries.count)
        let end =
            [0x50, 0x4B, 5, 6] + littleEndian(disk) + littleEndian(disk) + littleEndian(count)
            + littleEndian(count) + littleEndian(directoryByteCount ?? UInt32(directory.count))
            + littleEndian(directoryOffset ?? UInt32(contents.count))
            + littleEndian(UInt16(comment.utf8.count)) + Array(comment.utf8)
        return contents + directory + wideEnd(contents.count, directory.count) + end
    }

    private func wideEnd(_ offset: Int, _ byteCount: Int) -> [UInt8] {
        guard let wide else { return [] }
        var fields = [entries.count, byteCount, offset, offset + byteCount].map { UInt64($0) }
        wide(&fields)
        let fixed: [UInt8] = [0x50, 0x4B, 6, 6] + littleEndian(UInt64(44)) + [0, 0, 0, 0]
        let record = fixed + [UInt8](repeating: 0, count: 8) + littleEndian(fields[0])
        let rest = fields[0..<3].flatMap(littleEndian)
        return record + rest + [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + littleEndian(fields[3])
            + [1, 0, 0, 0]
    }
}

/// A file of `torch.save` in the zip layout.
func torchZip(_ root: Python, _ storages: [String: [UInt8]] = [:]) -> ZipTestArchive {
    torchZip(pickle: root.pickle, storages)
}

func torchZip(pickle: [UInt8], _ storages: [String: [UInt8]] = [:]) -> ZipTestArchive {
    ZipTestArchive(
        [
            ZipTestEntry(name: "model/data.pkl", data: pickle),
            ZipTestEntry(name: "model/byteorder", data: Array("little".utf8)),
        ]
            + storages.sorted { $0.key < $1.key }.map {
                ZipTestEntry(name: "model/data/\($0.key)", data: $0.value)
            } + [ZipTestEntry(name: "model/version", data: Array("3\n".utf8))])
}

/// The magic number of the layout before PyTorch 1.6, as a pickle.
let legacyMagic: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
]

/// A file of `torch.save` in the layout before PyTorch 1.6.
func torchLegacy(
    _ root: Python, _ storages: [(key: String, count: Int, bytes: [UInt8])] = [],
    version: Python = 1001, littleEndian isLittleEndian: Bool = true
) -> [UInt8] {
    let facts: Python = ["protocol_version": 1001, "little_endian": .bool(isLittleEndian)]
    let keys = Python.list(storages.map { .text($0.key) })
    return legacyMagic + version.pickle + facts.pickle + root.pickle + keys.pickle
        + storages.flatMap { littleEndian(UInt64($0.count)) + $0.bytes }
}

/// Opens a file of these bytes.
func openTorch(_ bytes: [UInt8], key: String? = nil) throws -> PyTorchCheckpoint {
    let folder = try TemporaryFolder()
    return try PyTorchCheckpoint(path: folder.file(bytes, named: "model.pth"), key: key)
}

/// Opens a file of these bytes, reads every tensor and returns the problem; also checks the
/// message.
func torchProblem(
    of bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
) throws -> PyTorchCheckpointError.Problem? {
    let folder = try TemporaryFolder()
    let path = try folder.file(bytes, named: "model.pth")
    do {
        let checkpoint = try PyTorchCheckpoint(path: path)
        for (name, shape) in checkpoint.shapes {
            let tensor = try checkpoint.tensor(named: name)
            #expect(tensor.shape == shape, sourceLocation: sourceLocation)
        }
        return nil
    } catch let error as PyTorchCheckpointError {
        expectOneLine(error, naming: path, sourceLocation: sourceLocation)
        return error.problem
    }
}

/// The problem of a state dictionary in which `w` is this tensor and storage `0` has `values`.
func torchProblem(
    ofTensor tensor: Python, values: [Float] = [0, 1, 2, 3, 4, 5],
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> PyTorchCheckpointError.Problem? {
    try torchProblem(
        of: torchZip(["w": tensor], ["0": floatBytes(values)]).bytes,
        sourceLocation: sourceLocation)
}
