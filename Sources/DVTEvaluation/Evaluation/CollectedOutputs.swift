internal import DVTCore
package import DVTModel
import DVTSupport

/// The softmax outputs of an evaluation, split into a calibration and a test part.
package struct CollectedOutputs {
    private struct Part {
        /// `[K][n, C]`.
        var probabilities: [[Float]]
        var labels: [Int] = []
    }

    private var parts: [Part]
    private var images = 0

    /// Creates an empty collection.
    ///
    /// - Parameter exits: the number of exits K.
    package init(exits: Int) {
        let part = Part(probabilities: Array(repeating: [], count: exits))
        parts = [part, part]
    }

    /// Adds a batch.
    ///
    /// - Parameters:
    ///   - probabilities: the outputs of each exit, `[B, C]`.
    ///   - labels: the classes of the B images, at least one.
    ///   - heldOut: one of every `heldOut` images goes to the test part; 0 for none.
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

    /// Returns the outputs as calibration data.
    ///
    /// - Parameters:
    ///   - configuration: the model, with K stages.
    ///   - origin: the data set, for messages.
    /// - Returns: the outputs, without a test part if no image was held out.
    /// - Throws: ``CalibrationError/invalidOutputs(origin:reason:)`` if there are no calibration
    ///   images, or the model has one exit.
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
