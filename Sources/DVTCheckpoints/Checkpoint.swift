public import DVTCore
import DVTSupport

/// Checkpoints of every format that is read.
public enum Checkpoint {
    /// The bytes by which formats are told apart: one block of a tar archive, which all else is
    /// shorter than.
    private static let prefixByteCount = 512

    /// Opens a checkpoint, whatever its format; its first bytes say which it is.
    ///
    /// - Parameter path: the file.
    /// - Returns: its tensors and metadata.
    /// - Throws: ``FileError`` if the file cannot be read, ``CheckpointError`` if it is of no known
    ///   format, or the error of its format.
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
