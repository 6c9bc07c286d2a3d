/// The reliability of one exit for all images, and the accuracy of the images that exit there.
package struct ExitSummary: Equatable, Sendable {
    /// All images by their confidence at this exit, including those that exit earlier.
    package let bins: [ExitReliability.Bin]
    /// The expected calibration error.
    package let calibrationError: Double
    /// The number of images that exit here.
    package let exiting: Int
    /// The number of those that are correct.
    package let exitingCorrect: Int
}

extension EvaluationTally {
    /// Summarizes all exits.
    ///
    /// - Parameter exits: the exit of each image; at least one image.
    /// - Returns: one summary per exit.
    package func summaries(exits: [UInt8]) -> [ExitSummary] {
        (0..<self.exits).map { exit in
            let bins = ExitReliability.bins(
                zip(confidences[exit], ranks[exit]).lazy.map { (Double($0), $1 == 0) })
            let exiting = exits.indices.filter { exits[$0] == exit }
            return ExitSummary(
                bins: bins, calibrationError: ExitReliability.calibrationError(of: bins),
                exiting: exiting.count,
                exitingCorrect: exiting.count { ranks[exit][$0] == 0 })
        }
    }
}
