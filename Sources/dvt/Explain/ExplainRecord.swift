import DVTCore
import DVTEvaluation
import DVTOutput
import DVTSupport
import DVTVision

/// The output records of an explanation.
struct ExplainRecord {
    /// The names of the classes, or nil.
    let labels: ClassLabels?
    /// The number of classes listed.
    let topK: Int
    /// The unit of costs.
    let unit: CostUnit
    /// Whether inputs that could not be read have a record.
    let includesErrors: Bool

    /// The columns of a record.
    var columns: [OutputColumn] {
        [
            OutputColumn("file", title: "File"),
            .number("exit", title: "Exit", forPeople: OutputValue.oneBased),
            OutputColumn("taken", title: "Taken"),
            .number("grid", title: "Grid"),
            .number("confidence", title: "Confidence", decimals: 4),
            .number("score", audience: .machines),
            unit.column("multiply_adds"),
            TopClasses.column(count: topK),
            OutputColumn("most_attended", title: "Most attended", audience: .people),
            OutputColumn("attention", audience: .machines),
        ] + (includesErrors ? [OutputColumn("error", title: "Error")] : [])
    }

    /// One record per exit, or one with the error of the input.
    func rows(_ input: ImageBatch.Input, _ explanation: Explanation?) -> [[OutputValue]] {
        let error = OutputValue.optional(input.error?.description, OutputValue.string)
        guard let explanation else {
            let values = Array(repeating: OutputValue.null, count: columns.count - 2)
            return [[.string(input.path)] + values + [error]]
        }
        return explanation.exits.enumerated().map { exit, seen in
            [
                .string(input.path), .int(exit), .bool(exit == explanation.exit), .int(seen.grid),
                .float(seen.confidence), .float(seen.score), .int(seen.multiplyAdds),
                TopClasses.value(seen.top, labels), .string(seen.mostAttendedText),
                .array(seen.attentionRows.map { .array($0.map(OutputValue.double)) }),
            ] + (includesErrors ? [error] : [])
        }
    }
}

extension ExitExplanation {
    /// The attention by rows of the grid.
    var attentionRows: [ArraySlice<Double>] {
        (0..<grid).map { attention[$0 * grid..<($0 + 1) * grid] }
    }

    /// The token with the largest share, such as `row 4, column 5 (7.1 %)`.
    var mostAttendedText: String {
        let largest = attention.max() ?? 0
        let index = attention.firstIndex(of: largest) ?? 0
        let percent = decimalText(largest * 100, decimals: 1)
        return "row \(index / grid + 1), column \(index % grid + 1) (\(percent) %)"
    }
}
