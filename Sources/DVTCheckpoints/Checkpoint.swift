public import DVTCore
import DVTSupport

/// Opens checkpoints of every supported format.
public enum Checkpoint {
    /// The number of leading bytes that identify a format: a block of a tar archive, the longest.
    private static let prefixByteCount = 512

    /// Opens a checkpoint; its first bytes identify the format.
    ///
    /// - Parameter path: the file.
    /// - Returns: its tensors and metadata.
    /// - Throws: ``/DVTSupport/FileError`` if the file cannot be read, ``CheckpointError`` if its
    ///   format is unknown; otherwise the error of its format.
    public static func open(path: String) throws -> any NamedTensors {
        let file = try MappedFile(path: path)
        let prefix = try file.withBytes(in: 0..<min(file.byteCount, prefixByteCount)) {
            [UInt8]($0)
        }
        if SafetensorsFile.recognizes(prefix) { return try SafetensorsFile(path: path) }
        if PyTorchCheckpoint.recognizes(prefix) { return try PyTorchCheckpoint(path: path) }
        if MindSporeCheckpoint.recognizes(prefix) { return try MindSporeCheckpoint(path: path) }
        throw CheckpointError.unknownFormat(path: path)
    }
}
