public import DVTCore

/// Checkpoints of every format that is read.
public enum Checkpoint {
    /// Opens a checkpoint, whatever its format; its first bytes say which it is.
    ///
    /// - Parameter path: the file.
    /// - Returns: its tensors and metadata.
    /// - Throws: ``CheckpointFileError`` if the file cannot be read or is of no known format, or
    ///   the error of its format.
    public static func open(path: String) throws -> any NamedTensors {
        let file = try MappedFile(path: path)
        let prefix = try file.withBytes(in: 0..<min(file.byteCount, 64)) { [UInt8]($0) }
        if SafetensorsFile.recognises(prefix) { return try SafetensorsFile(path: path) }
        if MindSporeCheckpoint.recognises(prefix) { return try MindSporeCheckpoint(path: path) }
        throw CheckpointFileError.unknownFormat(path: path)
    }
}
