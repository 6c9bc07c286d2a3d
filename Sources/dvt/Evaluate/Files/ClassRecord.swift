import DVTEvaluation
import DVTOutput
import DVTSupport
import DVTVision

/// The records of classes: their accuracy, exits and most frequent confusion.
struct ClassRecord {
    let summaries: [ClassSummary]
    let matrix: ConfusionMatrix
    /// The names of the classes, or nil.
    let labels: ClassLabels?

    /// The columns; people see the names of classes instead of their numbers.
    func columns(exits: Int) -> [OutputColumn] {
        let areNamed = labels != nil
        return OutputColumn.classColumns(
            "class", labelKey: "label", title: "Class", areNamed: areNamed)
            + [
                .number("images", title: "Images"), .number("correct", title: "Correct"),
                .number("top1", title: "Top-1, %"),
            ] + (0..<exits).map { .number("exit\($0)", title: "At exit \($0 + 1)") }
            + OutputColumn.classColumns(
                "confused_with", title: "Most often confused with", areNamed: areNamed)
            + [.number("confused_images", title: "Images confused")]
    }

    var values: [[OutputValue]] {
        let confusions = Dictionary(matrix.confusions.map { ($0.label, $0) }) { first, _ in first }
        return summaries.map { values($0, confusions[$0.label]) }
    }

    private func values(
        _ summary: ClassSummary, _ confusion: ConfusionMatrix.Cell?
    ) -> [OutputValue] {
        [
            .int(summary.label), name(summary.label), .int(summary.images),
            .int(summary.correct), .double(summary.accuracy),
        ] + summary.exits.map(OutputValue.int) + [
            .optional(confusion?.prediction, OutputValue.int),
            confusion.map { name($0.prediction) } ?? .null,
            .optional(confusion?.images, OutputValue.int),
        ]
    }

    private func name(_ label: Int) -> OutputValue {
        .optional(labels?[label], OutputValue.string)
    }
}
