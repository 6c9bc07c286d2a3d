import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTVision

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what each exit saw of images: where it looked, what it took them for.",
        discussion: """
            Examples:
              dvt explain --weights dvt.safetensors cat.jpg --output cat.html
              dvt explain --weights dvt.safetensors --threshold 0.7 photos/ --output all.svg
              dvt explain --model tiny-deit --weights synthetic:50 --format json x.jpg

            All stages run, and the exit that the image would take is marked. Where an exit looked \
            is the attention rollout (Abnar and Zuidema, 2020) of its class token over its token \
            grid; json, jsonl and csv hold it as rows of shares that add up to 1. Images are \
            drawn as html and svg, with their numbers; there is no png.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var exitOptions: ExitOptions

    @Option(
        help: ArgumentHelp(
            "Draw the images here: one page (.html) or one drawing (.svg), whole in itself.",
            valueName: "file.html|file.svg"),
        completion: .file(extensions: ["html", "svg"]))
    var output: String?

    @Option(help: "The classes listed for each exit.")
    var topk = 5

    @OptionGroup var imageOptions: ImageOptions
    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        guard topk >= 1 else {
            throw ValidationError("--topk is \(topk); it takes at least 1.")
        }
        if let output, DrawingFormat(path: output) == nil {
            throw ValidationError("--output is \(output); it takes a name.html or a name.svg.")
        }
    }

    func run() throws {
        let model = try modelOptions.load()
        let policy = try exitOptions.policy(of: model)
        let labels = try labelOptions.labels(of: model.card)
        let drawing = try output.map { try makeDrawing($0, of: model, policy, labels) }
        try explain(
            model, policy: policy, labels: labels, drawing: drawing, on: deviceOptions.makeBackend()
        )
    }

    private func makeDrawing(
        _ path: String, of model: LoadedModel, _ policy: ExitPolicy, _ labels: ClassLabels?
    ) throws -> ExplanationDrawing {
        try model.checkIsNoInput(path)
        let words = ExplanationText(
            model: model.configuration, policy: policy, labels: labels,
            topK: min(topk, model.configuration.stages[0].classes),
            isUntrained: model.weights is SyntheticWeights)
        return try ExplanationDrawing(path: path, words: words)
    }

    private func explain(
        _ loaded: LoadedModel, policy: ExitPolicy, labels: ClassLabels?,
        drawing: ExplanationDrawing?, on backend: some Backend
    ) throws {
        let stream = try imageOptions.stream(for: loaded.card, label: "explain")
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        loaded.warnOfUntrainedWeights()
        try outputOptions.withWriter(
            ExplainRecord.columns(topK: topk), progress: stream.progress,
            table: .streaming(
                firstRows: imageOptions.batchSize * loaded.configuration.stages.count)
        ) { writer in
            try stream.forEachBatch { batch in
                let explanations = try model.explain(batch.images, policy: policy, topK: topk)
                for (path, explanation) in zip(batch.paths, explanations) {
                    for row in ExplainRecord.rows(path, explanation, labels) {
                        try writer.write(row)
                    }
                    try drawing?.add(path, explanation, stream.preprocessing)
                }
            }
        }
        stream.progress.finish()
        if !stream.wasInterrupted { try drawing?.write() }
        try stream.finish()
    }
}
