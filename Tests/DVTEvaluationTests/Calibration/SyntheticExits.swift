import DVTCore

@testable import DVTEvaluation

/// Outputs like those of a cascade: later exits are correct more often, and each is more confident
/// when it is correct.
enum SyntheticExits {
    /// Scores and outcomes from a seed.
    static func scores(exits: Int, images: Int, seed: UInt64) -> ExitScores {
        var random = SplitMix(state: seed)
        var scores = [[Float]](repeating: [], count: exits)
        var isCorrect = [[Bool]](repeating: [], count: exits)
        for _ in 0..<images {
            let difficulty = random.next01()
            for exit in 0..<exits {
                let power = 1.2 - Double(exit) / Double(exits)
                let chance = 1 - difficulty * power
                isCorrect[exit].append(random.next01() < chance)
                let score = min(max(chance + 0.3 * (random.next01() - 0.5), 0), 1)
                scores[exit].append(Float(score))
            }
        }
        return ExitScores(scores: scores, isCorrect: isCorrect)
    }

    /// Softmax outputs of two classes, given the probabilities of the first, `[K][n]`.
    static func outputs(
        _ firstClass: [[Float]], labels: [Int], name: String = "calibration"
    ) throws -> ExitOutputs {
        let values = firstClass.flatMap { $0.flatMap { [$0, 1 - $0] } }
        return try ExitOutputs(
            probabilities: Tensor([firstClass.count, labels.count, 2], values: values),
            labels: labels, origin: "file", name: name)
    }
}

struct SplitMix {
    var state: UInt64

    mutating func next01() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ z >> 31) >> 11) * 0x1p-53
    }
}
