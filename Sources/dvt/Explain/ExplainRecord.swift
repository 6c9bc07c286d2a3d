import DVTCore
import DVTEvaluation
import DVTOutput
import DVTSupport
import DVTVision

/// The output records of an explanation.
enum ExplainRecord {
    static func columns(topK: Int) -> [OutputColumn] {
        [
            OutputColumn("file", title: "File"),
            .number("exit", title: "Exit", forPeople: OutputValue.oneBased),
            OutputColumn("taken", title: "Taken"),
            .number("grid", title: "Grid"),
            .number("confidence", title: "Confidence", decimals: 4),
            .number("score", audience: .machines),
            .number("multiply_adds", title: "GMACs", forPeople: OutputValue.giga),
            TopClasses.column(count: topK),
            OutputColumn("most_attended", title: "Most attended", audience: .people),
            OutputColumn("attention", audience: .machines),
        ]
    }

    /// One record per exit.
    static func rows(
        _ path: String, _ explanation: Explanation, _ labels: ClassLabels?
    ) -> [[OutputValue]] {
        explanation.exits.enumerated().map { exit, seen in
            [
                .string(path), .int(exit), .bool(exit == explanation.exit), .int(seen.grid),
                .float(seen.confidence), .float(seen.score), .int(seen.multiplyAdds),
                TopClasses.value(seen.top, labels), .string(seen.mostAttendedText),
                .array(seen.attentionRows.map { .array($0.map(OutputValue.double)) }),
            ]
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
