import DVTSupport

/// A file that is not a checkpoint, or a folder that is not a model's.
public enum CheckpointError: Error, Equatable, Sendable {
    /// The file does not begin like a checkpoint of any supported format, nor like another known
    /// file.
    case unknownFormat(path: String, firstBytes: [UInt8])
    /// The file or folder is of a known format that is not read; the format is the predicate of a
    /// sentence.
    case otherFormat(path: String, format: String, remedy: String)
    /// Only PyTorch files have weights under keys.
    case noKeys(path: String, key: String)
    /// The folder has no `config.json`.
    case noDescription(folder: String)
    /// The folder has no file of weights with one of these names.
    case noWeights(folder: String, names: [String])
    /// The index of the folder's weights cannot be used.
    case invalidIndex(path: String, reason: String)
    /// Two files of the folder hold a tensor of this name; the second is `file`.
    case repeatedTensor(folder: String, name: String, file: String)
    /// No file of the folder holds a tensor of this name.
    case noTensor(folder: String, name: String)
}

extension CheckpointError {
    static func otherFormat(path: String, _ format: OtherFormat) -> Self {
        .otherFormat(path: path, format: format.statement, remedy: format.remedy)
    }

    static func unknownFormat(_ file: MappedFile) throws -> Self {
        let start = try file.withBytes(in: 0..<min(file.byteCount, 8)) { [UInt8]($0) }
        return .unknownFormat(path: file.path, firstBytes: start)
    }
}

extension CheckpointError: CustomStringConvertible {
    /// One line that names the file, the problem and the remedy.
    public var description: String {
        switch self {
        case .unknownFormat(let path, let bytes):
            """
            \(shown(path)): begins with the bytes \(bytes.map { $0.inHexadecimal }.joined(separator: " ")), \
            like no file of \(OtherFormat.supported); check the path, or copy or download it again
            """
        case .otherFormat(let path, let format, let remedy):
            "\(shown(path)): \(format); \(remedy)"
        case .noKeys(let path, let key):
            """
            \(shown(path)): has no key \(quoted(key)): only PyTorch files have weights under keys; \
            leave out --checkpoint-key
            """
        case .noDescription(let folder):
            """
            \(shown(folder)): is a folder without config.json; give the file of the weights, with \
            --model, or a folder that timm or Hugging Face transformers saved
            """
        case .noWeights(let folder, let names):
            """
            \(shown(folder)): has config.json but none of the weights \
            \(names.joined(separator: ", ")) or their index; download the whole folder
            """
        case .invalidIndex(let path, let reason):
            "\(shown(path)): \(printable(reason)); copy or download it again"
        case .repeatedTensor(_, let name, let file):
            "\(shown(file)): holds \(quoted(name)), as another shard does; download all shards again"
        case .noTensor(let folder, let name):
            "\(shown(folder)): has no tensor \(quoted(name))"
        }
    }
}

extension UInt8 {
    /// Two digits.
    fileprivate var inHexadecimal: String {
        let digits = String(self, radix: 16, uppercase: true)
        return digits.count < 2 ? "0" + digits : digits
    }
}
