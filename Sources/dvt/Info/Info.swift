import ArgumentParser
import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTSupport
import Glibc

struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a model's stages, parameters and the cost of each exit.",
        usage: "dvt info [<options>] <name|file>",
        discussion: """
            Examples:
              dvt info dvt-deit-small
              dvt info dvt-t2t-vit-12 --relation-reuse off --format json
              dvt info my-cascade.json
              dvt info dvt-deit-small.safetensors

            Multiply-adds are counted as fvcore, the papers' tool, counts them. The working set is \
            the peak memory of activations for one image up to that exit, without weights and \
            device scratch memory.
            """)

    @Argument(
        help: ArgumentHelp(
            """
            A model name, a JSON file, or a checkpoint with a model card. Names: \
            \(ModelCard.argumentNames.joined(separator: ", ")), and the timm and Hugging Face \
            names of plain ViTs.
            """, valueName: "name|file"),
        completion: .list(ModelCard.argumentNames))
    var model: String

    @OptionGroup var reuse: ReuseOptions
    @OptionGroup var outputOptions: OutputOptions

    func run() throws {
        var card = try ModelCard.described(by: model)
        card.configuration = try reuse.applied(to: card.configuration)
        let summary = try card.configuration.summary()
        try outputOptions.withWriter(Self.columns(CostUnit(card.configuration))) { writer in
            for stage in summary {
                try writer.write(Self.row(stage))
            }
        }
        let parameters = summary.reduce(0) { $0 + $1.parameters }
        let bytes = decimalText(Double(parameters * 4) / 1_048_576, decimals: 1)
        printError(
            """
            \(printable(card.configuration.name)): \(parameters) parameters, \(bytes) MiB as float32
            """
        )
        for line in card.lines {
            printError(line)
        }
    }

    private static func columns(_ unit: CostUnit) -> [OutputColumn] {
        [
            .number("stage", title: "Exit", forPeople: OutputValue.oneBased),
            OutputColumn("tokenizer", title: "Tokenizer"),
            .number("grid", title: "Grid"),
            .number("tokens", title: "Tokens"),
            .number("width", title: "Width"),
            .number("depth", title: "Depth"),
            .number("heads", title: "Heads"),
            .number("parameters", title: "Parameters"),
            .number("weight_bytes", title: "Weights, MiB", decimals: 1, forPeople: mebibytes),
            unit.column("multiply_adds", decimals: 3),
            unit.column("cumulative_multiply_adds", title: "Cumulative", decimals: 3),
            .number(
                "working_set_bytes", title: "Working set, MiB", decimals: 1, forPeople: mebibytes),
        ]
    }

    private static func row(_ stage: StageSummary) -> [OutputValue] {
        let numbers = stage.configuration
        return [
            .int(stage.stage), .string(numbers.tokenizer.rawValue), .int(numbers.grid),
            .int(numbers.tokens), .int(numbers.width), .int(numbers.depth), .int(numbers.heads),
            .int(stage.parameters), .int(stage.weightBytes), .int(stage.multiplyAdds),
            .int(stage.cumulativeMultiplyAdds), .int(stage.workingSetBytes),
        ]
    }

    @Sendable private static func mebibytes(_ value: OutputValue) -> OutputValue {
        if case .int(let count) = value { .double(Double(count) / 1_048_576) } else { value }
    }
}

extension ModelCard {
    /// The model card of a name, a JSON file or a checkpoint.
    ///
    /// - Parameter model: the name or the path.
    /// - Returns: the model card.
    /// - Throws: ``ModelError`` if there is none, or the file's error.
    fileprivate static func described(by model: String) throws -> Self {
        let endings = [".safetensors", ".pth", ".pt", ".tar", ".bin", ".ckpt", ".npz"]
        let isFile = access(model, F_OK) == 0 || endings.contains(where: model.hasSuffix)
        guard isFile, model != ShippedModel.name, !model.hasSuffix(".json"),
            (try? named(model)) == nil
        else { return try named(orFile: model) }
        return try Self(storedIn: Checkpoint.open(path: model))
    }

    /// Reuse settings, preprocessing and classes, one line each.
    fileprivate var lines: [String] {
        let numbers = configuration
        func onOff(_ flag: Bool) -> String { flag ? "on" : "off" }
        func list(_ values: SIMD3<Float>) -> String { "\(values.x), \(values.y), \(values.z)" }
        let crop = decimalText(normalization.cropFraction, decimals: 3)
        let sides = numbers.stages.map { "\($0.imageSize)" }.joined(separator: ", ")
        let sizes =
            Set(numbers.stages.map(\.imageSize)).count > 1
            ? [
                "stages: of \(sides) pixels, to which images are reduced"
                    + (numbers.sharesBackbone ? "; they share their backbone" : "")
            ] : []
        return sizes + [
            """
            reuse: features \(onOff(numbers.featureReuse)), relations \
            \(onOff(numbers.relationReuse))
            """,
            """
            input: \(numbers.imageShape(batch: 1)[-1]) x \(numbers.imageShape(batch: 1)[-1]) \
            pixels, \(normalization.interpolation.rawValue), crop \(crop), mean \
            \(list(normalization.mean)), std \(list(normalization.standardDeviation))
            """,
            "classes: \(numbers.classes)" + labelText + thresholdText,
        ]
    }

    private var labelText: String {
        switch labels {
        case .dataSet(let name): ", labels \(printable(name))"
        case .list: ", labels in the model card"
        case nil: ", no labels"
        }
    }

    private var thresholdText: String {
        guard let thresholds, !thresholds.isEmpty else { return "" }
        return "; thresholds " + thresholds.map { "\($0)" }.joined(separator: ", ")
    }
}
