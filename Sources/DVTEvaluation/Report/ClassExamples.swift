/// Images of one class that a cascade found easiest and hardest.
///
/// The earlier an image leaves, the easier it is; of those that leave at one exit, the surer that
/// exit is. Whether its class is right does not count: an image that leaves early and wrong is
/// worth seeing.
package struct ClassExamples: Equatable, Sendable {
    /// The class, from 0.
    package let label: Int
    /// How many images the class has.
    package let images: Int
    /// How many of them are right at their exit.
    package let correct: Int
    /// The easiest, by their places in the tally, the easiest of them first.
    package let easiest: [Int]
    /// The hardest, none of which is among the easiest; the hardest of them first.
    package let hardest: [Int]
}

extension EvaluationTally {
    /// Chooses images to show.
    ///
    /// - Parameters:
    ///   - exits: the exit that every image takes.
    ///   - count: the most easy images of a class, and the most hard ones.
    ///   - limit: the most classes, at least 2. Of more, those are taken of which the largest part
    ///     is right, and as many of which the least is.
    /// - Returns: the classes that have images, by number.
    package func examples(
        exits: [UInt8], count: Int, classLimit limit: Int
    ) -> [ClassExamples] {
        let places = Dictionary(grouping: labels.indices) { labels[$0] }
        let classes = places.map { label, images in
            let sorted = images.sorted { ease($0, exits) < ease($1, exits) }
            let easy = min(count, (sorted.count + 1) / 2)
            return ClassExamples(
                label: Int(label), images: images.count,
                correct: images.count { ranks[Int(exits[$0])][$0] == 0 },
                easiest: Array(sorted.prefix(easy)),
                hardest: sorted.suffix(min(count, sorted.count - easy)).reversed())
        }
        guard classes.count > limit else { return classes.sorted { $0.label < $1.label } }
        let ranked = classes.sorted { ($1.accuracy, $0.label) < ($0.accuracy, $1.label) }
        return (ranked.prefix(limit / 2) + ranked.suffix(limit / 2))
            .sorted { $0.label < $1.label }
    }

    private func ease(_ image: Int, _ exits: [UInt8]) -> (UInt8, Float, Int) {
        (exits[image], -confidences[Int(exits[image])][image], image)
    }
}

extension ClassExamples {
    /// The part of the class's images that is right at their exits.
    package var accuracy: Double { Double(correct) / Double(images) }
}
