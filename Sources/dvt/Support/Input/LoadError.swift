import DVTSupport

/// A missing model or weights, or an output that is an input.
enum LoadError: Error, Equatable, CustomStringConvertible {
    case noModel
    case noWeights
    case isInput(path: String)
    case keyWithoutFile
    case noHead(path: String)

    var description: String {
        switch self {
        case .noModel: "no model specified: use --model, or a --weights file with a model card"
        case .noWeights: "no weights specified: use --weights with a checkpoint or synthetic:SEED"
        case .isInput(let path):
            "\(shown(path)): is an input file; choose another output file"
        case .noHead(let path):
            """
            \(shown(path)): has no head, only a backbone; `dvt embed` prints its features, and `dvt \
            cascade` and `dvt train --init` train a head on labeled images
            """
        case .keyWithoutFile:
            "--checkpoint-key chooses weights within a PyTorch file; give the file by --weights"
        }
    }
}
