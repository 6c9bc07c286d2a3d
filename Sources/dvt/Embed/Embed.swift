import ArgumentParser
import DVTCore
import DVTModel
import DVTOutput
import DVTSupport
import DVTVision

struct Embed: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the last stage's features of images, for search or a custom classifier.",
        discussion: """
            Examples:
              dvt embed --weights dvt.safetensors --format jsonl photos/ > features.jsonl
              dvt embed --model deit-small --weights deit.pth --format csv cat.jpg

            The features are the class token after the final LayerNorm, the input of the \
            classification head. Every image runs all stages. Unreadable files are reported on \
            standard error and skipped; the exit code is then 1.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var imageOptions: ImageOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func run() throws {
        let model = try modelOptions.load()
        try embed(model, on: deviceOptions.makeBackend())
    }

    private func embed(_ loaded: LoadedModel, on backend: some Backend) throws {
        let stream = try imageOptions.stream(for: loaded.card, label: "embed")
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        loaded.warnOfUntrainedWeights()
        try outputOptions.withWriter(
            Self.columns, progress: stream.progress,
            table: .streaming(firstRows: imageOptions.batchSize)
        ) { writer in
            try stream.forEachBatch { batch in
                let features = try model.features(batch.images)
                for (row, path) in batch.paths.enumerated() {
                    try writer.write(Self.row(path, features, row))
                }
            }
        }
        try stream.finish()
    }

    private static let columns = [
        OutputColumn("file", title: "File"),
        OutputColumn("features", title: "Features", decimals: 4),
    ]

    private static func row(_ path: String, _ features: Tensor, _ row: Int) -> [OutputValue] {
        let width = features.shape[1]
        let values = features.values[row * width..<(row + 1) * width]
        return [.string(path), .array(values.map(OutputValue.float))]
    }
}
