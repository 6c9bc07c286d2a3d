import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput

struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a model is made of and what each exit costs.",
        discussion: """
            Examples:
              dvt info dvt-deit-small
              dvt info dvt-t2t-vit-12 --relation-reuse off --format json

            Multiply-adds are counted as the papers' tool (fvcore) counts them. The working set is \
            what the network's own tensors take at once, at most, for one image that leaves at \
            that exit; weights and a device's scratch memory come on top.
            """)

    @Argument(
        help: ArgumentHelp(
            "The model: \(CascadeConfiguration.names.joined(separator: ", ")).",
            valueName: "model"),
        completion: .list(CascadeConfiguration.names))
    var model: String

    @OptionGroup var reuse: ReuseOptions
    @OptionGroup var outputOptions: OutputOptions

    func run() throws {
        let summary = try reuse.applied(to: .named(model)).summary()
        try outputOptions.withWriter(Self.columns) { writer in
            for stage in summary {
                try writer.write(Self.row(stage))
            }
        }
        let parameters = summary.reduce(0) { $0 + $1.parameters }
        let bytes = decimalText(Double(parameters * 4) / 1_048_576, decimals: 1)
        printError("\(model): \(parameters) parameters, \(bytes) MiB as float32")
    }

    private static let columns: [OutputColumn] = [
        .number("stage", title: "Exit", forPeople: OutputValue.oneBased),
        OutputColumn("tokeniser", title: "Tokeniser"),
        .number("grid", title: "Grid"),
        .number("tokens", title: "Tokens"),
        .number("width", title: "Width"),
        .number("depth", title: "Depth"),
        .number("heads", title: "Heads"),
        .number("parameters", title: "Parameters"),
        .number("weight_bytes", title: "Weights, MiB", decimals: 1, forPeople: mebibytes),
        .number("multiply_adds", title: "GMACs", decimals: 3, forPeople: OutputValue.giga),
        .number(
            "cumulative_multiply_adds", title: "To this exit", decimals: 3,
            forPeople: OutputValue.giga),
        .number(
            "working_set_bytes", title: "Working set, MiB", decimals: 1, forPeople: mebibytes),
    ]

    private static func row(_ stage: StageSummary) -> [OutputValue] {
        let numbers = stage.configuration
        return [
            .int(stage.stage), .string(numbers.tokeniser.rawValue), .int(numbers.grid),
            .int(numbers.tokens), .int(numbers.width), .int(numbers.depth), .int(numbers.heads),
            .int(stage.parameters), .int(stage.weightBytes), .int(stage.multiplyAdds),
            .int(stage.cumulativeMultiplyAdds), .int(stage.workingSetBytes),
        ]
    }

    @Sendable private static func mebibytes(_ value: OutputValue) -> OutputValue {
        if case .int(let count) = value { .double(Double(count) / 1_048_576) } else { value }
    }
}
