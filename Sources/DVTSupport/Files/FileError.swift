/// A checkpoint file that cannot be opened, read or written.
public enum FileError: Error, Equatable, Sendable {
    /// The system refused to open `path`.
    case cannotOpen(path: String, reason: String)
    /// `path` is a folder, a pipe or a device.
    case notRegularFile(path: String)
    /// The system failed to read or to map `path`.
    case cannotRead(path: String, reason: String)
    /// `path` ends before byte `needed`, although it was longer when it was opened.
    case endedEarly(path: String, needed: Int)
    /// `path` does not begin as a checkpoint of any format that is read.
    case unknownFormat(path: String)
    /// The system failed to write `path`.
    case cannotWrite(path: String, reason: String)
}

extension FileError: CustomStringConvertible {
    /// One line that names the file, what is wrong and what to do.
    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "\(shown(path)): cannot be opened (\(reason)); check the path and its permissions"
        case .notRegularFile(let path):
            "\(shown(path)): is not a regular file; give the path of one"
        case .cannotRead(let path, let reason):
            "\(shown(path)): cannot be read (\(reason)); check the disk, or copy the file again"
        case .endedEarly(let path, let needed):
            """
            \(shown(path)): ends before byte \(needed), so it was cut short after it was opened; \
            open it again once it is complete
            """
        case .unknownFormat(let path):
            """
            \(shown(path)): is neither a safetensors nor a PyTorch nor a MindSpore checkpoint, or it \
            is cut short; check the path, or copy or download it again
            """
        case .cannotWrite(let path, let reason):
            """
            \(shown(path)): cannot be written (\(reason)); check the folder, its permissions and \
            the free space
            """
        }
    }
}
