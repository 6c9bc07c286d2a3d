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
        ] + (topK > 1 ? [OutputColumn("top", title: "Top \(topK)", forPeople: topText)] : [])
    }

    /// The values of a record.
    static func row(
        _ path: String, _ prediction: Prediction, _ labels: ClassLabels?, topK: Int
    ) -> [OutputValue] {
        func label(_ index: Int) -> OutputValue { .optional(labels?[index], OutputValue.string) }
        let top = prediction.top.map {
            [
                "class": .int($0.classIndex), "label": label($0.classIndex),
                "probability": .float($0.confidence),
            ] as OutputValue
        }
        return [
            .string(path), .int(prediction.exit), .int(prediction.classIndex),
            label(prediction.classIndex), .float(prediction.probability),
            .int(prediction.multiplyAdds),
            .array(prediction.visits.map { .float($0.confidence) }),
        ] + (topK > 1 ? [.array(top)] : [])
    }

    /// Classes and probabilities, `tabby (0.9132), 282 (0.0421)` for example.
    @Sendable private static func topText(_ value: OutputValue) -> OutputValue {
        guard case .array(let classes) = value else { return value }
        return .array(
            classes.map { entry in
                guard case .object(let fields) = entry, case .int(let index) = fields[0].value,
                    case .double(let probability) = fields[2].value
                else { return entry }
                let name =
                    if case .string(let label) = fields[1].value { label } else { "\(index)" }
                return .string("\(name) (\(decimalText(probability, decimals: 4)))")
            })
    }
}
