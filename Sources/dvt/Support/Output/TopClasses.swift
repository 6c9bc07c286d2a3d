import DVTCore
import DVTOutput
import DVTSupport
import DVTVision

/// The most probable classes of an image, as a value of a record.
enum TopClasses {
    static func column(count: Int) -> OutputColumn {
        OutputColumn("top", title: "Top \(count)", forPeople: topText)
    }

    static func value(_ classes: [ClassConfidence], _ labels: ClassLabels?) -> OutputValue {
        .array(
            classes.map {
                [
                    "class": .int($0.classIndex),
                    "label": .optional(labels?[$0.classIndex], OutputValue.string),
                    "probability": .float($0.probability),
                ]
            })
    }

    /// Classes and probabilities, such as `tabby (0.9132), 282 (0.0421)`.
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
