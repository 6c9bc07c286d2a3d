import DVTCore
import DVTSupport

/// Settings or a set of images that cannot be trained with.
public enum TrainingInputError: Error, Equatable, Sendable {
    /// A setting of the augmentation lies outside its range.
    case invalidAugmentation(setting: String, value: String, allowed: String)
    /// An image's class is none of the model's.
    case labelOutOfRange(image: String, label: Int, classes: Int)
    /// The set does not fill one batch, and short ones are not kept.
    case tooFewImages(origin: String, count: Int, batchSize: Int)
}

extension TrainingInputError: CustomStringConvertible {
    /// One line that says what is wrong, with which value, and what to do.
    public var description: String {
        switch self {
        case .invalidAugmentation(let setting, let value, let allowed):
            "augmentation: \(setting) is \(value); give \(allowed)"
        case .labelOutOfRange(let image, let label, let classes):
            """
            \(shown(image)): is of class \(label) (from 0), and the model has \(classes) \
            classes; check the labels, or take a model with more
            """
        case .tooFewImages(let origin, let count, let batchSize):
            """
            \(shown(origin)): has \(count) images, which do not fill one batch of \(batchSize); \
            give a smaller batch size, or keep the short batch
            """
        }
    }
}
