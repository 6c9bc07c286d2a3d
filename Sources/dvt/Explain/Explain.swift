import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTVision

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show each exit's attention and predictions for images.",
        discussion: """
            Examples:
              dvt explain --weights dvt.safetensors cat.jpg --output cat.html
              dvt explain --weights dvt.safetensors --threshold 0.7 photos/ \\
                --output all.svg
              dvt explain --model tiny-deit --weights synthetic:50 --format json x.jpg

            All stages run; the exit that the image takes is marked. Attention is the attention \
            rollout (Abnar and Zuidema, 2020) of the exit's class token over its token grid. json, \
            jsonl and csv contain it as rows of shares that sum to 1. --output writes a page or \
            drawing with the images and attention maps; more than \
            \(ExplanationDrawing.pageLimit) images continue in name-2.html and so on, and the first \
            page lists all of them.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var exitOptions: ExitOptions

    @Option(
        help: ArgumentHelp(
            "Write a self-contained HTML page or SVG drawing.",
            valueName: "file.html|file.svg"),
        completion: .file(extensions: ["html", "svg"]))
    var output: String?

    @Option(help: ArgumentHelp("Classes listed for each exit.", valueName: "k"))
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
            throw ValidationError("--output is \(output); it must end in .html or .svg.")
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
        let text = ExplanationText(
            model: model.configuration, policy: policy, labels: labels,
            topK: min(topk, model.configuration.stages[0].classes),
            isUntrained: model.weights is SyntheticWeights)
        return try ExplanationDrawing(path: path, text: text)
    }

    private func explain(
        _ loaded: LoadedModel, policy: ExitPolicy, labels: ClassLabels?,
        drawing: ExplanationDrawing?, on backend: some Backend
    ) throws {
        let stream = try imageOptions.stream(
            for: loaded.card, label: "explain", truncated: .use)
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        loaded.warnOfUntrainedWeights()
        let record = ExplainRecord(
            labels: labels, topK: topk, unit: CostUnit(loaded.configuration),
            includesErrors: imageOptions.onError == .record)
        try outputOptions.withWriter(
            record.columns, progress: stream.progress,
            table: .streaming(
                firstRows: imageOptions.batchSize * loaded.configuration.stages.count)
        ) { writer in
            try stream.forEachBatch { batch in
                var explanations =
                    batch.count > 0
                    ? try model.explain(batch.images, policy: policy, topK: topk)[...] : []
                let images = drawing == nil || batch.count == 0 ? [] : batch.images.values[...]
                let size = stream.preprocessing.shape.elementCount
                var image = 0
                for input in batch.inputs {
                    let explanation = input.error == nil ? explanations.popFirst() : nil
                    for row in record.rows(input, explanation) { try writer.write(row) }
                    guard let explanation else { continue }
                    defer { image += 1 }
                    try drawing?.add(
                        input.path, explanation,
                        pixels: stream.preprocessing.pixels(
                            of: images[image * size..<(image + 1) * size]))
                }
            }
        }
        stream.progress.finish()
        if stream.wasInterrupted {
            drawing?.reportInterruption()
        } else {
            try drawing?.write()
        }
        try stream.finish()
    }
}
