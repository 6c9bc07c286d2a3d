public import DVTCore
import DVTSupport
import Glibc

/// Opens checkpoints of every supported format.
public enum Checkpoint {
    /// The number of leading bytes that identify a format: a block of a tar archive, the longest.
    private static let prefixByteCount = 512

    /// Opens a checkpoint; its first bytes identify the format.
    ///
    /// - Parameters:
    ///   - path: the file, or a folder that timm or Hugging Face transformers saved.
    ///   - key: the key of the weights in a PyTorch file, such as `model_ema`; nil means the usual
    ///     ones.
    /// - Returns: its tensors and metadata.
    /// - Throws: ``/DVTSupport/FileError`` if the file cannot be read, ``CheckpointError`` if its
    ///   format is unknown or has no keys; otherwise the error of its format.
    public static func open(path: String, key: String? = nil) throws -> any NamedTensors {
        if isFolder(path) {
            if let key { throw CheckpointError.noKeys(path: path, key: key) }
            return try ModelFolder(path: path)
        }
        let file = try MappedFile(path: path)
        let prefix = try file.withBytes(in: 0..<min(file.byteCount, prefixByteCount)) {
            [UInt8]($0)
        }
        if PyTorchCheckpoint.recognizes(prefix) {
            return try PyTorchCheckpoint(path: path, key: key)
        }
        if let key { throw CheckpointError.noKeys(path: path, key: key) }
        if SafetensorsFile.recognizes(prefix) { return try SafetensorsFile(path: path) }
        if MindSporeCheckpoint.recognizes(prefix) { return try MindSporeCheckpoint(path: path) }
        throw CheckpointError.unknownFormat(path: path)
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
