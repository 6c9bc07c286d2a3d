/// The crop of a training image to the model's input size S.
package enum TrainingCrop: Hashable, Sendable {
    /// Resize and center crop, as in evaluation.
    case center
    /// Resize of the shorter side to S and center crop, then padding by this many black pixels on
    /// each side and a random crop of S.
    case padded(Int)
    /// A rectangle of random area, as a fraction of the image, and of random width / height,
    /// log-uniform, resized to S by S.
    ///
    /// If none of ten draws fits, the largest centered rectangle with an allowed width / height is
    /// used.
    case resized(
        area: ClosedRange<Double> = 0.08...1, aspectRatio: ClosedRange<Double> = 3.0 / 4...4.0 / 3)
}
