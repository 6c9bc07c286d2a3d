public import DVTCore

/// Checkpoints of every format that is read.
public enum Checkpoint {
    /// Opens a checkpoint, whatever its format; its first bytes say which it is.
    ///
    /// - Parameter path: the file.
    /// - Returns: its tensors and metadata.
    /// - Throws: ``CheckpointFileError`` if the file cannot be read, or the error of its format.
    public static func open(path: String) throws -> any NamedTensors {
        try SafetensorsFile(path: path)
    }
}
