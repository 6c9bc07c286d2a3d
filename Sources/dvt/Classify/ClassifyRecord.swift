import DVTCore
import DVTModel
import DVTOutput
import DVTSupport
import DVTVision

/// The output record of a prediction.
enum ClassifyRecord {
    /// The columns of a record.
    ///
    /// - Parameters:
    ///   - topK: the number of classes listed.
    ///   - areLabeled: whether the classes have names.
    ///   - scoring: the exit score; anything other than plain confidence has its own column.
    /// - Returns: the columns.
    static func columns(topK: Int, areLabeled: Bool, scoring: ExitScoring) -> [OutputColumn] {
        [
            OutputColumn("file", title: "File"),
            .number("exit", title: "Exit", forPeople: OutputValue.oneBased),
            .number("class", title: "Class"),
            OutputColumn("label", title: "Label", audience: areLabeled ? .everyone : .machines),
            .number("probability", title: "Probability", decimals: 4),
            .number("multiply_adds", title: "GMACs", forPeople: OutputValue.giga),
            OutputColumn(
                "confidences", title: "Confidence at each exit", decimals: 4,
                audience: scoring.shown == nil ? .everyone : .machines),
        ] + scoreColumns(scoring) + (topK > 1 ? [TopClasses.column(count: topK)] : [])
    }

    private static func scoreColumns(_ scoring: ExitScoring) -> [OutputColumn] {
        guard scoring.shown != nil else { return [] }
        let name = (scoring.temperatures == nil ? "" : "Scaled ") + scoring.criterion.shown
        return [
            OutputColumn("scores", title: "\(name.capitalizedFirst) at each exit", decimals: 4)
        ]
    }

    /// The values of a record.
    static func row(
        _ path: String, _ prediction: Prediction, _ labels: ClassLabels?, topK: Int,
        scoring: ExitScoring
    ) -> [OutputValue] {
        [
            .string(path), .int(prediction.exit), .int(prediction.classIndex),
            .optional(labels?[prediction.classIndex], OutputValue.string),
            .float(prediction.probability), .int(prediction.multiplyAdds),
            .array(prediction.visits.map { .float($0.probability) }),
        ] + (scoring.shown == nil ? [] : [.array(prediction.visits.map { .float($0.score) })])
            + (topK > 1 ? [TopClasses.value(prediction.top, labels)] : [])
    }
}
