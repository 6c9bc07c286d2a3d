public import DVTCore
import DVTSupport

/// An error in building, loading or running a model.
public enum ModelError: Error, Equatable, Sendable {
    /// The cascade's sizes cannot be combined; `reason` names those that must agree.
    case invalidConfiguration(name: String, reason: String)
    /// No model has this name.
    case unknownModel(name: String, known: [String])
    /// The checkpoint `origin` contains no model card.
    case noCard(origin: String)
    /// The file `origin` does not describe a model; `reason` names the entry and its valid values.
    case invalidDescription(origin: String, reason: String)
    /// The tensors of the weight file `origin` do not match the model's parameters.
    case weightsMismatch(origin: String, model: String, reason: String)
    /// The exit policy does not fit the cascade.
    case invalidPolicy(reason: String)
    /// The shape of a batch of images does not match the model.
    case wrongImages(shape: Shape, expected: Shape)
    /// An exit's confidence is not finite for an image, numbered from 0 in its batch or stream.
    case notFinite(exit: Int, image: Int)
}

extension ModelError: CustomStringConvertible {
    /// One line with the problem, the limit and a remedy.
    public var description: String {
        switch self {
        case .invalidConfiguration(let name, let reason):
            "model \(printable(name)): \(reason)"
        case .unknownModel(let name, let known):
            Self.unknownModel(name, known)
        case .noCard(let origin):
            """
            \(shown(origin)): holds no model card; name the model, or write a file that has one with \
            dvt convert
            """
        case .invalidDescription(let origin, let reason):
            "\(shown(origin)): describes no model: \(reason)"
        case .weightsMismatch(let origin, let model, let reason):
            "\(shown(origin)): does not fit model \(printable(model)): \(reason)"
        case .invalidPolicy(let reason):
            reason
        case .wrongImages(let shape, let expected):
            "images have shape \(shape), but the model takes \(expected) for any batch"
        case .notFinite(let exit, let image):
            """
            exit \(exit + 1) gave a confidence that is not a number for image \(image + 1); check \
            the weights for NaN or overflow; numbers beyond 65504 overflow in float16, but not in \
            bfloat16 or float32
            """
        }
    }

    private static func unknownModel(_ name: String, _ known: [String]) -> String {
        let question = CascadeConfiguration.suggestion(for: name, among: known).map { "\($0) " }
        return """
            no model is called \(quoted(name)); \(question ?? "")there are \
            \(known.joined(separator: ", ")), and timm's and Hugging Face's plain ones such as \
            vit_base_patch16_224
            """
    }
}
