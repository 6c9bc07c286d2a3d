public import DVTCore
import DVTSupport
import Glibc

/// Opens checkpoints of every supported format.
public enum Checkpoint {
    /// Opens a checkpoint; its bytes identify the format.
    ///
    /// - Parameters:
    ///   - path: the file, or a folder that timm or Hugging Face transformers saved.
    ///   - key: the key of the weights in a PyTorch file, such as `model_ema`; nil means the usual
    ///     ones.
    /// - Returns: its tensors and metadata.
    /// - Throws: ``/DVTSupport/FileError`` if the file cannot be read, ``CheckpointError`` if its
    ///   format is unknown, not supported or has no keys; otherwise the error of its format.
    public static func open(path: String, key: String? = nil) throws -> any NamedTensors {
        if isFolder(path) {
            if let key { throw CheckpointError.noKeys(path: path, key: key) }
            return try ModelFolder(path: path)
        }
        let file = try MappedFile(path: path)
        let format = try FileFormat.of(file)
        switch format {
        case .pyTorch: return try PyTorchCheckpoint(path: path, key: key)
        case .other(let other): throw CheckpointError.otherFormat(path: path, other)
        case nil: throw try CheckpointError.unknownFormat(file)
        case .safetensors, .numPy, .mindSpore: break
        }
        if let key { throw CheckpointError.noKeys(path: path, key: key) }
        return switch format {
        case .numPy: try JAXVisionTransformer.named(NumPyArchive(path: path))
        case .mindSpore: try MindSporeCheckpoint(path: path)
        default: try SafetensorsFile(path: path)
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
