/// How sure one exit is of all images and how often it is right, and what becomes of those that
/// leave there.
package struct ExitSummary: Equatable, Sendable {
    /// All images by their confidence at this exit, also those that leave before it.
    package let bins: [ExitReliability.Bin]
    /// How far confidences lie from how often they are right.
    package let calibrationError: Double
    /// How many images leave here.
    package let leaving: Int
    /// How many of those are right.
    package let leavingCorrect: Int
}

extension EvaluationTally {
    /// Sums up every exit.
    ///
    /// - Parameter exits: the exit that every image takes; at least one image.
    /// - Returns: one summary an exit.
    package func summaries(exits: [UInt8]) -> [ExitSummary] {
        (0..<self.exits).map { exit in
            let bins = ExitReliability.bins(
                zip(confidences[exit], ranks[exit]).lazy.map { (Double($0), $1 == 0) })
            let leaving = exits.indices.filter { exits[$0] == exit }
            return ExitSummary(
                bins: bins, calibrationError: ExitReliability.calibrationError(of: bins),
                leaving: leaving.count,
                leavingCorrect: leaving.count { ranks[exit][$0] == 0 })
        }
    }
}
