public import DVTCore

/// The softmax outputs of all exits for labeled images, regardless of where the images exit.
public struct ExitOutputs: Equatable, Sendable {
    /// Softmax outputs, shape `[K, n, C]`: exits, images, classes.
    package let probabilities: Tensor
    /// The class of each of the n images, from 0.
    package let labels: [Int]

    /// The largest accepted deviation of a row's sum from 1: bfloat16, the least precise supported
    /// type, rounds each value by up to 2^-8.
    private static let sumTolerance = 0.01

    /// Validates and stores outputs.
    ///
    /// - Parameters:
    ///   - probabilities: softmax outputs, shape `[K, n, C]` with n of at least 1 and C of at least
    ///     2.
    ///   - labels: the class of each image, in `0..<C`.
    ///   - origin: the source path, for messages.
    ///   - name: the name of the part in messages: `calibration` or `test`.
    /// - Throws: ``CalibrationError/invalidOutputs(origin:reason:)`` if shapes do not fit, a
    ///   probability is outside 0...1, the probabilities of an image do not add up to 1, or a label
    ///   is not a class.
    public init(
        probabilities: Tensor, labels: [Int], origin: String, name: String
    ) throws(CalibrationError) {
        func fault(_ reason: String) -> CalibrationError {
            .invalidOutputs(origin: origin, reason: "\(name)_\(reason)")
        }
        let shape = probabilities.shape
        guard shape.rank == 3, shape[0] >= 1, shape[1] >= 1, shape[2] >= 2 else {
            throw fault(
                "probabilities has shape \(shape); give [exits, images, classes], of 2 classes or more"
            )
        }
        guard labels.count == shape[1] else {
            throw fault(
                "labels has \(labels.count) labels for \(shape[1]) images; give one per image")
        }
        if let index = labels.firstIndex(where: { !(0..<shape[2]).contains($0) }) {
            throw fault(
                """
                labels has \(labels[index]) for image \(index), and the classes are \
                0...\(shape[2] - 1)
                """)
        }
        self.probabilities = probabilities
        self.labels = labels
        if let (row, problem) = firstFault() {
            let (exit, image) = row.quotientAndRemainder(dividingBy: images)
            throw fault(
                """
                probabilities \(problem) at exit \(exit), image \(image) (from 0); give softmax \
                outputs, not logits
                """)
        }
    }

    /// K, the number of exits.
    package var exits: Int { probabilities.shape[0] }
    /// n, the number of images.
    package var images: Int { probabilities.shape[1] }
    /// C, the number of classes.
    package var classes: Int { probabilities.shape[2] }

    /// The probabilities of one image at one exit, C of them.
    func row(exit: Int, image: Int) -> ArraySlice<Float> {
        let start = (exit * images + image) * classes
        return probabilities.values[start..<start + classes]
    }

    private func firstFault() -> (row: Int, problem: String)? {
        for row in 0..<exits * images {
            let values = probabilities.values[row * classes..<(row + 1) * classes]
            if let wrong = values.first(where: { !(0...1).contains($0) }) {
                return (row, "has \(wrong)")
            }
            let sum = values.reduce(0) { $0 + Double($1) }
            if abs(sum - 1) > Self.sumTolerance {
                return (row, "adds up to \(Float(sum))")
            }
        }
        return nil
    }
}
