/// How often the images of each class are predicted as each class.
package struct ConfusionMatrix: Equatable, Sendable {
    /// The images of one class that are predicted as one class.
    package struct Cell: Equatable, Sendable {
        /// The class of the images, from 0.
        package let label: Int
        /// The predicted class, from 0.
        package let prediction: Int
        /// The number of images, at least 1.
        package let images: Int
    }

    /// The pairs of classes that occur, by label and then by prediction.
    package let cells: [Cell]
    private let counts: [Int: [Int: Int]]

    /// Counts predictions.
    ///
    /// - Parameter pairs: the class and the predicted class of each image.
    package init(_ pairs: some Sequence<(label: Int, prediction: Int)>) {
        var counts: [Int: [Int: Int]] = [:]
        for (label, prediction) in pairs {
            counts[label, default: [:]][prediction, default: 0] += 1
        }
        self.counts = counts
        cells = counts.keys.sorted().flatMap { label in
            (counts[label] ?? [:]).sorted { $0.key < $1.key }.map {
                Cell(label: label, prediction: $0.key, images: $0.value)
            }
        }
    }

    /// The number of images of a class that are predicted as another or the same class.
    package subscript(label: Int, prediction: Int) -> Int { counts[label]?[prediction] ?? 0 }

    /// The number of images of a class.
    package func images(of label: Int) -> Int { counts[label]?.values.reduce(0, +) ?? 0 }

    /// The wrong predictions, the most frequent first, equally frequent ones by class.
    package var confusions: [Cell] {
        // The sort is stable, and the cells are sorted by class.
        cells.filter { $0.label != $0.prediction }.sorted { $0.images > $1.images }
    }

    /// The classes of a matrix that is small enough to read.
    ///
    /// - Parameter limit: the maximum number of classes, at least 2.
    /// - Returns: all classes that occur, as labels or predictions, if they are few enough;
    ///   otherwise those of the most frequent confusions. Sorted.
    package func shownClasses(limit: Int) -> [Int] {
        let all = Set(cells.flatMap { [$0.label, $0.prediction] })
        guard all.count > limit else { return all.sorted() }
        var shown: Set<Int> = []
        for confusion in confusions {
            let more = shown.union([confusion.label, confusion.prediction])
            guard more.count <= limit else { break }
            shown = more
        }
        return shown.sorted()
    }
}

extension EvaluationTally {
    /// The predicted class of each image at an exit of its own.
    ///
    /// - Parameter exits: the exit of each image.
    /// - Returns: the classes, from 0.
    package func predictions(exits: [UInt8]) -> [Int] {
        exits.indices.map { Int(predictions[Int(exits[$0])][$0]) }
    }

    /// The confusion matrix of the predictions at the exits taken.
    ///
    /// - Parameter exits: the exit of each image.
    /// - Returns: the counts of labels and predictions.
    package func confusionMatrix(exits: [UInt8]) -> ConfusionMatrix {
        ConfusionMatrix(
            zip(labels, predictions(exits: exits)).lazy.map { (label: Int($0), prediction: $1) })
    }

    /// The wrong predictions with the highest confidence at the exits taken.
    ///
    /// - Parameters:
    ///   - exits: the exit of each image.
    ///   - count: the maximum number of images.
    /// - Returns: the indices of the images, the most confident first.
    package func mistakes(exits: [UInt8], count: Int) -> [Int] {
        let wrong = exits.indices.filter { ranks[Int(exits[$0])][$0] > 0 }
        // The sort is stable.
        return Array(
            wrong.sorted { confidence($0, exits) > confidence($1, exits) }.prefix(count))
    }

    private func confidence(_ image: Int, _ exits: [UInt8]) -> Float {
        confidences[Int(exits[image])][image]
    }
}
