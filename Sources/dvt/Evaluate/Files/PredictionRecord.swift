import DVTEvaluation
import DVTModel
import DVTOutput
import DVTSupport
import DVTVision

/// The record of one image of an evaluation.
struct PredictionRecord {
    private let record: EvaluateRecord
    private let set: LabeledImages
    private let labels: ClassLabels?
    private let exits: [UInt8]
    private let predictions: [Int]
    private let hasScores: Bool

    init(record: EvaluateRecord, set: LabeledImages, labels: ClassLabels?) {
        self.record = record
        self.set = set
        self.labels = labels
        exits = record.exits
        predictions = record.tally.predictions(exits: record.exits)
        hasScores = record.scoring != ExitScoring()
    }

    /// The columns: the image, its class, the exit it takes with the class predicted there, and the
    /// confidence at every exit; the scores too if they are not the confidences.
    var columns: [OutputColumn] {
        let areNamed = labels != nil
        return [OutputColumn("file", title: "File")]
            + OutputColumn.classColumns("truth", title: "Class", areNamed: areNamed)
            + OutputColumn.classColumns(
                "prediction", title: "Predicted class", areNamed: areNamed)
            + [
                OutputColumn("correct", title: "Correct"),
                .number("exit", title: "Exit", forPeople: OutputValue.oneBased),
            ] + numbers("confidence", "Confidence")
            + (hasScores ? numbers("score", record.scoring.criterion.shown.capitalizedFirst) : [])
    }

    private func numbers(_ key: String, _ title: String) -> [OutputColumn] {
        (0..<record.tally.exits).map {
            .number("\(key)\($0)", title: "\(title) at exit \($0 + 1)", decimals: 4)
        }
    }

    /// The record of an image, by its position among the evaluated images.
    @Sendable func values(of image: Int) -> [OutputValue] {
        let tally = record.tally
        let (truth, prediction) = (Int(tally.labels[image]), predictions[image])
        return [
            .string(set[Int(record.places[image])].name), .int(truth), name(truth),
            .int(prediction), name(prediction), .bool(truth == prediction),
            .int(Int(exits[image])),
        ] + tally.confidences.map { .float($0[image]) }
            + (hasScores ? tally.decidingScores.map { .float($0[image]) } : [])
    }

    private func name(_ label: Int) -> OutputValue {
        .optional(labels?[label], OutputValue.string)
    }
}
