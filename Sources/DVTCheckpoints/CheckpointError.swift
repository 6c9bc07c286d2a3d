import DVTSupport

/// A file that is not a checkpoint, or a folder that is not a model's.
public enum CheckpointError: Error, Equatable, Sendable {
    /// The file does not begin like a checkpoint of any supported format.
    case unknownFormat(path: String)
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

extension CheckpointError: CustomStringConvertible {
    /// One line that names the file, the problem and the remedy.
    public var description: String {
        switch self {
        case .unknownFormat(let path):
            """
            \(shown(path)): is neither a safetensors nor a PyTorch nor a MindSpore checkpoint, or it \
            is cut short; check the path, or copy or download it again
            """
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
