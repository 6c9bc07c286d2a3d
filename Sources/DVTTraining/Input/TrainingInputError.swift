import DVTSupport

/// Augmentation settings or an image set unusable for training.
public enum TrainingInputError: Error, Equatable, Sendable {
    /// An augmentation setting is out of range.
    case invalidAugmentation(setting: String, value: String, allowed: String)
    /// The class of an image is out of range for the model.
    case labelOutOfRange(image: String, label: Int, classes: Int)
    /// The set does not fill one batch, and incomplete batches are not kept.
    case tooFewImages(origin: String, count: Int, batchSize: Int)
}

extension TrainingInputError: CustomStringConvertible {
    /// One line with the problem, the value and the remedy.
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
