/// The easiest and hardest images of one class for a cascade.
///
/// An earlier exit means an easier image; within an exit, a higher confidence does. Correctness is
/// ignored: an image that exits early with a wrong class is worth showing.
package struct ClassExamples: Equatable, Sendable {
    /// The class, from 0.
    package let label: Int
    /// The number of images of the class.
    package let images: Int
    /// The number of images that are correct at their exit.
    package let correct: Int
    /// The indices of the easiest images, easiest first.
    package let easiest: [Int]
    /// The indices of the hardest images, hardest first, disjoint from ``easiest``.
    package let hardest: [Int]
}

extension EvaluationTally {
    /// Selects example images for a report.
    ///
    /// - Parameters:
    ///   - exits: the exit of each image.
    ///   - count: the maximum number of easy images per class, and of hard ones.
    ///   - limit: the maximum number of classes, at least 2. If there are more, half are the most
    ///     accurate classes and half the least accurate.
    /// - Returns: the classes with images, by index.
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
    /// The fraction of images that are correct at their exit.
    package var accuracy: Double { Double(correct) / Double(images) }
}
