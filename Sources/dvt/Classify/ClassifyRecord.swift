import DVTCore
import DVTModel
import DVTOutput
import DVTSupport
import DVTVision

/// The output record of a prediction.
struct ClassifyRecord {
    /// The names of the classes, or nil.
    let labels: ClassLabels?
    /// The number of classes listed.
    let topK: Int
    /// The exit policy; a score other than plain confidence has its own column.
    let policy: ExitPolicy
    /// The unit of costs.
    let unit: CostUnit
    /// The probability below which the class is unknown.
    let minConfidence: Float
    /// Whether inputs that could not be read have a record.
    let includesErrors: Bool

    /// The columns of a record.
    var columns: [OutputColumn] {
        let areNamed = labels != nil || minConfidence > 0
        return [
            OutputColumn("file", title: "File"),
            .number("exit", title: "Exit", forPeople: OutputValue.oneBased),
            .number("class", title: "Class"),
            OutputColumn("label", title: "Label", audience: areNamed ? .everyone : .machines),
            .number("probability", title: "Probability", decimals: 4),
            .number(
                "threshold", title: "Threshold", decimals: 4,
                audience: hasThresholds ? .everyone : .machines),
            unit.column("multiply_adds"),
            OutputColumn(
                "confidences", title: "Confidence at each exit", decimals: 4,
                audience: scoring.shown == nil ? .everyone : .machines),
        ] + scoreColumns + (topK > 1 ? [TopClasses.column(count: topK)] : [])
            + (includesErrors ? [OutputColumn("error", title: "Error")] : [])
    }

    private var scoring: ExitScoring { policy.scoring }

    private var hasThresholds: Bool {
        if case .thresholds(let values, _) = policy { !values.isEmpty } else { false }
    }

    private var scoreColumns: [OutputColumn] {
        guard scoring.shown != nil else { return [] }
        let name = (scoring.temperatures == nil ? "" : "Scaled ") + scoring.criterion.shown
        return [
            OutputColumn("scores", title: "\(name.capitalizedFirst) at each exit", decimals: 4)
        ]
    }

    /// Whether the class of a prediction is unknown.
    func isUnknown(_ prediction: Prediction) -> Bool { prediction.probability < minConfidence }

    /// The values of a record.
    func row(_ path: String, _ outcome: InputOrder.Outcome) -> [OutputValue] {
        switch outcome {
        case .success(let prediction): row(path, prediction)
        case .failure(let error):
            [.string(path)] + Array(repeating: .null, count: columns.count - 2)
                + [.string(error.description)]
        }
    }

    private func row(_ path: String, _ prediction: Prediction) -> [OutputValue] {
        let isUnknown = isUnknown(prediction)
        return [
            .string(path), .int(prediction.exit),
            isUnknown ? .null : .int(prediction.classIndex),
            isUnknown
                ? "unknown" : .optional(labels?[prediction.classIndex], OutputValue.string),
            .float(prediction.probability),
            .optional(policy.threshold(at: prediction.exit), OutputValue.float),
            .int(prediction.multiplyAdds),
            .array(prediction.visits.map { .float($0.probability) }),
        ] + (scoring.shown == nil ? [] : [.array(prediction.visits.map { .float($0.score) })])
            + (topK > 1 ? [TopClasses.value(prediction.top, labels)] : [])
            + (includesErrors ? [.null] : [])
    }
}
