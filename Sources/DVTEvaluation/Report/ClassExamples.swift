/// The images of one class about which a cascade is most and least confident.
///
/// Images are ordered by the exit they take, the first exit first, and within an exit by the
/// confidence there, the highest first. Correctness is ignored: an image that exits early with a
/// wrong class is worth showing.
package struct ClassExamples: Equatable, Sendable {
    /// The class, from 0.
    package let label: Int
    /// The number of images of the class.
    package let images: Int
    /// The number of images that are correct at their exit.
    package let correct: Int
    /// The indices of the first images of that order.
    package let mostConfident: [Int]
    /// The indices of its last images, the last first, disjoint from ``mostConfident``.
    package let leastConfident: [Int]
}

extension EvaluationTally {
    /// Selects example images for a report.
    ///
    /// - Parameters:
    ///   - exits: the exit of each image.
    ///   - count: the maximum number of images at each end of the order, per class.
    ///   - limit: the maximum number of classes, at least 2. If there are more, half are the most
    ///     accurate classes and half the least accurate.
    /// - Returns: the classes with images, by index.
    package func examples(
        exits: [UInt8], count: Int, classLimit limit: Int
    ) -> [ClassExamples] {
        let places = Dictionary(grouping: labels.indices) { labels[$0] }
        let classes = places.map { label, images in
            let sorted = images.sorted { order($0, exits) < order($1, exits) }
            let first = min(count, (sorted.count + 1) / 2)
            return ClassExamples(
                label: Int(label), images: images.count,
                correct: images.count { ranks[Int(exits[$0])][$0] == 0 },
                mostConfident: Array(sorted.prefix(first)),
                leastConfident: sorted.suffix(min(count, sorted.count - first)).reversed())
        }
        guard classes.count > limit else { return classes.sorted { $0.label < $1.label } }
        let ranked = classes.sorted { ($1.accuracy, $0.label) < ($0.accuracy, $1.label) }
        return (ranked.prefix(limit / 2) + ranked.suffix(limit / 2))
            .sorted { $0.label < $1.label }
    }

    private func order(_ image: Int, _ exits: [UInt8]) -> (UInt8, Float, Int) {
        (exits[image], -confidences[Int(exits[image])][image], image)
    }
}

extension ClassExamples {
    /// The fraction of images that are correct at their exit.
    package var accuracy: Double { Double(correct) / Double(images) }
}
