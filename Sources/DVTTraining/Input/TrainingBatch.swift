public import DVTCore

/// Images and targets for one step of training.
public struct TrainingBatch: Sendable {
    /// The index of the batch in the epoch, from 0.
    package let index: Int
    /// The images, shape `[B, 3, S, S]`; none if features take their place.
    public let images: Tensor
    /// The features of each exit, shape `[B, D]`, if a frozen backbone computed them before.
    package var features: [Tensor]?
    /// The target probabilities, shape `[B, classes]`; each row adds up to 1.
    public let targets: Tensor
    /// The class of each image, from 0; for a mixed image its own label.
    public let labels: [Int]
    /// The index of each image in its set; empty for images of no set.
    package var indices: [Int] = []
}
