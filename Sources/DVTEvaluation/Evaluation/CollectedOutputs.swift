internal import DVTCore
package import DVTModel
import DVTSupport

/// The softmax outputs of an evaluation in memory, parted into those that thresholds are chosen on
/// and those that judge them.
package struct CollectedOutputs {
    private struct Part {
        /// `[K][n, C]`.
        var probabilities: [[Float]]
        var labels: [Int] = []
    }

    private var parts: [Part]
    private var images = 0

    /// Creates a collection without images.
    ///
    /// - Parameter exits: K.
    package init(exits: Int) {
        let part = Part(probabilities: Array(repeating: [], count: exits))
        parts = [part, part]
    }

    /// Adds a batch.
    ///
    /// - Parameters:
    ///   - probabilities: of every exit, `[B, C]`.
    ///   - labels: the classes of the images, at least one.
    ///   - heldOut: of every so many images one judges; 0 holds none out.
    package mutating func add(
        _ probabilities: [[Float]], labels: [Int], heldOutEvery heldOut: Int
    ) {
        for (row, label) in labels.enumerated() {
            let part = isHeldOut(images, every: heldOut) ? 1 : 0
            for (exit, values) in probabilities.enumerated() {
                let classes = values.count / labels.count
                parts[part].probabilities[exit] += values[row * classes..<(row + 1) * classes]
            }
            parts[part].labels.append(label)
            images += 1
        }
    }

    /// The outputs as thresholds are chosen on.
    ///
    /// - Parameters:
    ///   - configuration: the model, of K stages.
    ///   - origin: the set, for messages.
    /// - Returns: the outputs; without a test part where no image was held out.
    /// - Throws: ``CalibrationError/invalidOutputs(origin:reason:)`` if there are no images to
    ///   choose on, or the model has one exit.
    package func calibrationData(
        of configuration: CascadeConfiguration, origin: String
    ) throws(CalibrationError) -> CalibrationData {
        func outputs(_ part: Part, _ name: String) throws(CalibrationError) -> ExitOutputs {
            try ExitOutputs(
                probabilities: Tensor(
                    [part.probabilities.count, part.labels.count, configuration.classes],
                    values: part.probabilities.flatMap { $0 }),
                labels: part.labels, origin: origin, name: name)
        }
        return try CalibrationData(
            calibration: outputs(parts[0], "calibration"),
            test: parts[1].labels.isEmpty ? nil : outputs(parts[1], "test"),
            exitGigaMultiplyAdds: configuration.cumulativeMultiplyAdds.map { Double($0) / 1e9 },
            model: configuration.name, origin: origin)
    }
}
