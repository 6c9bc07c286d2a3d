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
            standard error and skipped (see --on-error); the exit code is then 1.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var imageOptions: ImageOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func run() throws {
        let model = try modelOptions.load(takesBackbones: true)
        try embed(model, on: deviceOptions.makeBackend())
    }

    private func embed(_ loaded: LoadedModel, on backend: some Backend) throws {
        let stream = try imageOptions.stream(for: loaded.card, label: "embed")
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        loaded.warnOfUntrainedWeights()
        try outputOptions.withWriter(
            columns, progress: stream.progress,
            table: .streaming(firstRows: imageOptions.batchSize)
        ) { writer in
            try stream.forEachBatch { batch in
                let features = batch.count > 0 ? try model.features(batch.images) : nil
                var rows = (features?.featureRows ?? [])[...]
                for input in batch.inputs {
                    try writer.write(row(input, input.error == nil ? rows.popFirst() : nil))
                }
            }
        }
        try stream.finish()
    }

    private var recordsErrors: Bool { imageOptions.onError == .record }

    private var columns: [OutputColumn] {
        [
            OutputColumn("file", title: "File"),
            OutputColumn("features", title: "Features", decimals: 4),
        ] + (recordsErrors ? [OutputColumn("error", title: "Error")] : [])
    }

    private func row(_ input: ImageBatch.Input, _ features: OutputValue?) -> [OutputValue] {
        let error = OutputValue.optional(input.error?.description, OutputValue.string)
        return [.string(input.path), features ?? .null] + (recordsErrors ? [error] : [])
    }
}

extension Tensor {
    /// The rows of features `[B, D]` as values of records.
    fileprivate var featureRows: [OutputValue] {
        (0..<shape[0]).map { row in
            .array(values[row * shape[1]..<(row + 1) * shape[1]].map(OutputValue.float))
        }
    }
}
