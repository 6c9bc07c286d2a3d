/// Determines the exit that each image takes.
public enum ExitPolicy: Equatable, Sendable {
    /// An image takes the first exit at which its score, by default the confidence, reaches the
    /// threshold; one threshold for each exit except the last, which all remaining images take.
    case thresholds([Float], of: ExitScoring = ExitScoring())
    /// Every image takes this exit, from 0; later stages do not run.
    case exit(Int)
    /// Every image visits all exits and takes the last.
    case allExits

    /// Checks that the policy fits a cascade.
    ///
    /// - Parameter stages: the cascade's number of stages.
    /// - Throws: ``ModelError/invalidPolicy(reason:)`` if not.
    package func check(stages: Int) throws {
        switch self {
        case .thresholds(let values, let scoring):
            guard values.count == stages - 1 else {
                let needed = stages == 2 ? "1 threshold is" : "\(stages - 1) thresholds are"
                let reason = "\(needed) needed, one for every exit but the last"
                throw ModelError.invalidPolicy(reason: "\(reason), but \(values.count) were given")
            }
            guard !values.contains(where: \.isNaN) else {
                throw ModelError.invalidPolicy(reason: "a threshold is not a number")
            }
            try scoring.check(stages: stages)
        case .exit(let exit):
            guard (0..<stages).contains(exit) else {
                let reason = "exit \(exit + 1) does not exist; the model has exits 1...\(stages)"
                throw ModelError.invalidPolicy(reason: reason)
            }
        case .allExits: break
        }
    }

    /// The last stage that any image can reach.
    ///
    /// - Parameter stages: the cascade's number of stages.
    /// - Returns: the stage, from 0.
    func lastStage(of stages: Int) -> Int {
        if case .exit(let exit) = self { exit } else { stages - 1 }
    }

    /// The score compared with the thresholds; the confidence if there are none.
    package var scoring: ExitScoring {
        if case .thresholds(_, let scoring) = self { scoring } else { ExitScoring() }
    }

    /// Whether an image takes an exit before the last one that it can reach.
    ///
    /// - Parameters:
    ///   - exit: the exit, from 0.
    ///   - score: the image's score, computed by ``scoring``.
    /// - Returns: whether it exits.
    func exits(at exit: Int, score: Float) -> Bool {
        if case .thresholds(let values, _) = self { score >= values[exit] } else { false }
    }

    /// The exit that an image takes, given its scores at all exits.
    ///
    /// - Parameter scores: one score per exit.
    /// - Returns: the exit, from 0.
    package func exit(for scores: [Float]) -> Int {
        let last = lastStage(of: scores.count)
        return (0..<last).first { exits(at: $0, score: scores[$0]) } ?? last
    }
}
