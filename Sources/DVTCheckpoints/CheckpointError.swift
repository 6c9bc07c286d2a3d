import DVTSupport

/// A file that is not a checkpoint.
public enum CheckpointError: Error, Equatable, Sendable {
    /// The file does not begin like a checkpoint of any supported format.
    case unknownFormat(path: String)
}

extension CheckpointError: CustomStringConvertible {
    /// One line that names the file, the problem and the remedy.
    public var description: String {
        switch self {
        case .unknownFormat(let path):
            """
            \(shown(path)): is neither a safetensors nor a PyTorch nor a MindSpore checkpoint, or it \
            is cut short; check the path, or copy or download it again
            """
        }
    }
}
