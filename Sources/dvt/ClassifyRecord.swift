import DVTCore
import DVTModel
import DVTOutput
import DVTVision

/// A prediction as a record.
enum ClassifyRecord {
    /// The columns of a record.
    static func columns(topK: Int, areLabelled: Bool) -> [OutputColumn] {
        [
            OutputColumn("file", title: "File"),
            .number("exit", title: "Exit", forPeople: OutputValue.oneBased),
            .number("class", title: "Class"),
            OutputColumn("label", title: "Label", audience: areLabelled ? .everyone : .machines),
            .number("probability", title: "Probability", decimals: 4),
            .number("multiply_adds", title: "GMACs", forPeople: OutputValue.giga),
            OutputColumn(
                "confidences", title: "Confidence at each exit", decimals: 4),
        ] + (topK > 1 ? [TopClasses.column(count: topK)] : [])
    }

    /// The values of a record.
    static func row(
        _ path: String, _ prediction: Prediction, _ labels: ClassLabels?, topK: Int
    ) -> [OutputValue] {
        [
            .string(path), .int(prediction.exit), .int(prediction.classIndex),
            .optional(labels?[prediction.classIndex], OutputValue.string),
            .float(prediction.probability), .int(prediction.multiplyAdds),
            .array(prediction.visits.map { .float($0.confidence) }),
        ] + (topK > 1 ? [TopClasses.value(prediction.top, labels)] : [])
    }
}
