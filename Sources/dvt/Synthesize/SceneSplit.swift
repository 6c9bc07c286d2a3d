import DVTVision

/// The training and validation images of a data set.
///
/// Classes are assigned round-robin and a whole round goes to one part, so both parts are balanced.
/// After n rounds, `share * n` of them, rounded, are for validation: adding rounds does not change
/// the assignment of earlier ones.
struct SceneSplit {
    let count: Int
    let validationShare: Double
    let training: [Int]
    let validation: [Int]

    init(count: Int, validationShare: Double) {
        self.count = count
        self.validationShare = validationShare
        func validationRounds(after rounds: Int) -> Double {
            (Double(rounds) * validationShare + 0.5).rounded(.down)
        }
        func isValidation(_ index: Int) -> Bool {
            let round = Self.round(index)
            return validationRounds(after: round + 1) > validationRounds(after: round)
        }
        training = (0..<count).filter { !isValidation($0) }
        validation = (0..<count).filter(isValidation)
    }

    /// The round of an image, from 0.
    static func round(_ index: Int) -> Int {
        index / SyntheticScenes.labels.names.count
    }
}
