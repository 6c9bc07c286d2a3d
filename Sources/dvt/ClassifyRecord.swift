import DVTCore
import DVTModel
import DVTOutput

/// A prediction as a record.
enum ClassifyRecord {
    /// The columns of a record.
    static func columns(topK: Int) -> [OutputColumn] {
        [
            OutputColumn("file", title: "File"),
            .number("exit", title: "Exit", forPeople: OutputValue.oneBased),
            .number("class", title: "Class"),
            .number("probability", title: "Probability", decimals: 4),
            .number("multiply_adds", title: "GMACs", forPeople: OutputValue.giga),
            OutputColumn(
                "confidences", title: "Confidence at each exit", decimals: 4),
        ] + (topK > 1 ? [OutputColumn("top", title: "Top \(topK)", forPeople: topText)] : [])
    }

    /// The values of a record.
    static func row(
        _ path: String, _ prediction: Prediction, topK: Int
    ) -> [OutputValue] {
        let top = prediction.top.map {
            ["class": .int($0.classIndex), "probability": .float($0.confidence)] as OutputValue
        }
        return [
            .string(path), .int(prediction.exit), .int(prediction.classIndex),
            .float(prediction.probability), .int(prediction.multiplyAdds),
            .array(prediction.visits.map { .float($0.confidence) }),
        ] + (topK > 1 ? [.array(top)] : [])
    }

    /// Classes and probabilities, `285 (0.9132), 281 (0.0421)` for example.
    @Sendable private static func topText(_ value: OutputValue) -> OutputValue {
        guard case .array(let classes) = value else { return value }
        return .array(
            classes.map { entry in
                guard case .object(let fields) = entry, case .int(let index) = fields[0].value,
                    case .double(let probability) = fields[1].value
                else { return entry }
                return .string("\(index) (\(decimalText(probability, decimals: 4)))")
            })
    }
}
