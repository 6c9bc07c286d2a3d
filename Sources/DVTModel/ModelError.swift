public import DVTCore
import DVTSupport

/// A model that cannot be built, filled with weights or run as asked.
public enum ModelError: Error, Equatable, Sendable {
    /// The cascade's numbers cannot be combined; `reason` says which must agree.
    case invalidConfiguration(name: String, reason: String)
    /// No model has this name.
    case unknownModel(name: String, known: [String])
    /// The checkpoint `origin` does not say which model it is of.
    case noCard(origin: String)
    /// The file `origin` describes no model; `reason` names the entry and what belongs there.
    case invalidDescription(origin: String, reason: String)
    /// The weights' file does not hold what the model needs.
    case weightsMismatch(origin: String, model: String, reason: String)
    /// The exit policy does not fit the cascade.
    case invalidPolicy(reason: String)
    /// A batch of images of another shape than the model takes.
    case wrongImages(shape: Shape, expected: Shape)
    /// An exit's confidence is not a number for one image of the batch or stream, from 0.
    case notFinite(exit: Int, image: Int)
}

extension ModelError: CustomStringConvertible {
    /// One line that names what was asked, the limit and what to do.
    public var description: String {
        switch self {
        case .invalidConfiguration(let name, let reason):
            "model \(name): \(reason)"
        case .unknownModel(let name, let known):
            """
            no model is called \(quoted(name)); there are \(known.joined(separator: ", ")), and \
            timm's and Hugging Face's plain ones such as vit_base_patch16_224
            """
        case .noCard(let origin):
            """
            \(shown(origin)): holds no model card; name the model, or write a file that has one with \
            dvt convert
            """
        case .invalidDescription(let origin, let reason):
            "\(shown(origin)): describes no model: \(reason)"
        case .weightsMismatch(let origin, let model, let reason):
            "\(origin): does not fit model \(model): \(reason)"
        case .invalidPolicy(let reason):
            reason
        case .wrongImages(let shape, let expected):
            "images have shape \(shape), but the model takes \(expected) for any batch"
        case .notFinite(let exit, let image):
            """
            exit \(exit + 1) gave a confidence that is not a number for image \(image + 1); check \
            the weights for NaN or overflow
            """
        }
    }
}
