import ArgumentParser
import DVTCheckpoints
import DVTCore
import DVTModel
import DVTOutput
import DVTSupport
import DVTVision

struct Preprocess: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write images as the model sees them, to compare with another program's.",
        discussion: """
            Examples:
              dvt preprocess --weights dvt.safetensors photos/ --output inputs.safetensors
              dvt preprocess --model dvt-deit-small --preprocessing timm cat.jpg \\
                --output cat.safetensors
              dvt preprocess cat.png --gray16 rounded --output cat.safetensors --format csv

            The output holds one float32 tensor `images` of shape [N, 3, S, S], which all stages of \
            the model take, and as metadata the files' names as a JSON array (`files`), the model \
            (`model`) and the preprocessing (`preprocessing`, JSON). Unreadable files have no row; \
            they are reported on standard error (see --on-error), and the exit code is then 1. \
            Nothing is written after a signal, or after an error with --on-error stop. Weights are \
            not needed.
            """)

    @OptionGroup var modelOptions: ModelOptions

    @Option(
        help: ArgumentHelp("The file to write.", valueName: "file.safetensors"),
        completion: .file(extensions: ["safetensors"]))
    var output: String

    @OptionGroup var imageOptions: ImageOptions
    @OptionGroup var outputOptions: OutputOptions

    func validate() throws {
        // An image named as the output would be overwritten.
        guard output.hasSuffix(".safetensors") else {
            throw ValidationError("--output is \(shown(output)); it must end in .safetensors.")
        }
    }

    func run() throws {
        let model = try modelOptions.load(otherwise: .synthetic(seed: 0))
        try model.checkIsNoInput(output)
        let stream = try imageOptions.stream(for: model.card, label: "preprocess")
        let file = try PreprocessedFile(
            path: output, model: model.configuration.name, preprocessing: stream.preprocessing)
        try outputOptions.withWriter(
            columns, progress: stream.progress,
            table: .streaming(firstRows: imageOptions.batchSize)
        ) { writer in
            try stream.forEachBatch { batch in
                for row in try add(batch, to: file) { try writer.write(row) }
            }
        }
        stream.finishProgress()
        try write(file, stream)
        try stream.finish()
    }

    /// Adds the images of a batch; returns the records of its inputs.
    private func add(
        _ batch: ImageBatch, to file: PreprocessedFile
    ) throws -> [[OutputValue]] {
        let values = batch.count > 0 ? batch.images.values : []
        let size = values.count / max(batch.count, 1)
        var start = 0
        return try batch.inputs.map { input in
            guard input.error == nil else { return row(input, nil, []) }
            defer { start += size }
            let image = values[start..<start + size]
            try file.add(Array(image), name: input.path)
            return row(input, file.names.count - 1, image)
        }
    }

    private func write(_ file: PreprocessedFile, _ stream: ImageStream) throws {
        let hasStopped = imageOptions.onError == .stop && stream.failures.count > 0
        guard !stream.wasInterrupted, !hasStopped, !file.names.isEmpty else {
            let reason =
                stream.wasInterrupted
                ? "of the interruption"
                : hasStopped ? "of the error" : "no image could be read"
            return printError("\(shown(output)): not written because \(reason)")
        }
        try file.write()
        let images = file.names.count == 1 ? "1 image" : "\(file.names.count) images"
        let side = stream.preprocessing.imageSize
        printError("\(shown(output)): \(images) of 3x\(side)x\(side) in float32")
    }

    private var recordsErrors: Bool { imageOptions.onError == .record }

    private var columns: [OutputColumn] {
        [
            .number("row", title: "Row"), OutputColumn("file", title: "File"),
            .number("minimum", title: "Minimum", decimals: 4),
            .number("maximum", title: "Maximum", decimals: 4),
            .number("mean", title: "Mean", decimals: 4),
        ] + (recordsErrors ? [OutputColumn("error", title: "Error")] : [])
    }

    private func row(
        _ input: ImageBatch.Input, _ index: Int?, _ image: ArraySlice<Float>
    ) -> [OutputValue] {
        let mean = image.reduce(0) { $0 + Double($1) } / Double(max(image.count, 1))
        let error = OutputValue.optional(input.error?.description, OutputValue.string)
        return [
            .optional(index, OutputValue.int), .string(input.path),
            .optional(image.min(), OutputValue.float), .optional(image.max(), OutputValue.float),
            index == nil ? .null : .double(mean),
        ] + (recordsErrors ? [error] : [])
    }
}
