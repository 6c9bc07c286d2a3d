/// The accuracy and the exits of the images of one class.
package struct ClassSummary: Equatable, Sendable {
    /// The class, from 0.
    package let label: Int
    /// The number of images of the class, at least 1.
    package let images: Int
    /// The number of images that are correct at their exit.
    package let correct: Int
    /// The number of images that take each exit.
    package let exits: [Int]

    /// The accuracy at the exits taken, percent.
    package var accuracy: Double { 100 * Double(correct) / Double(images) }
}

extension EvaluationTally {
    /// Summarizes the classes that have images.
    ///
    /// - Parameter exits: the exit of each image.
    /// - Returns: one summary per class, by index.
    package func classSummaries(exits: [UInt8]) -> [ClassSummary] {
        let places = Dictionary(grouping: labels.indices) { labels[$0] }
        return places.map { label, images in
            ClassSummary(
                label: Int(label), images: images.count,
                correct: images.count { ranks[Int(exits[$0])][$0] == 0 },
                exits: (0..<self.exits).map { exit in images.count { exits[$0] == exit } })
        }.sorted { $0.label < $1.label }
    }
}
