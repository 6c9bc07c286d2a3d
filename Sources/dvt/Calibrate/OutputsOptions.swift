import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTVision

/// Where the outputs come from that thresholds are chosen on: a file, or labeled images that a
/// model runs first.
struct OutputsOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Labeled images that the model runs first, as dvt evaluate takes them.",
            valueName: "data"),
        completion: .directory)
    var data: String?

    @Option(
        help: ArgumentHelp("Saved outputs, instead of images.", valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var from: String?

    @Option(
        help: ArgumentHelp(
            "One of every so many images judges thresholds; 0: all choose them.",
            valueName: "count"))
    var holdOutEvery = 2

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var dataOptions: DataSetOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        guard (from == nil) != (data == nil) else {
            throw ValidationError(
                from == nil
                    ? "Give labeled images, or saved outputs by --from."
                    : "\(data ?? "") and --from contradict each other; give one of them.")
        }
        guard from == nil || (modelOptions.model == nil && modelOptions.weights == nil) else {
            throw ValidationError("--model and --weights belong to images, not to --from.")
        }
        guard holdOutEvery == 0 || holdOutEvery >= 2 else {
            throw ValidationError("--hold-out-every takes 0, or at least 2.")
        }
    }

    /// Reads the outputs, or computes them.
    ///
    /// - Parameter output: the file that will be written, or nil; it must be none that is read.
    /// - Returns: the outputs.
    /// - Throws: the error of the file, the model, the set or the device; the exit code where
    ///   Ctrl-C ended the run.
    func load(for output: String?) throws -> LoadedOutputs {
        if let from {
            return LoadedOutputs(data: try CalibrationData(path: from), origin: from)
        }
        let model = try modelOptions.load()
        guard model.configuration.stages.count > 1 else {
            throw CalibrationError.unsuitable(
                origin: model.configuration.name,
                reason: "has one exit, and thresholds choose between at least two")
        }
        if let output { try model.checkIsNoInput(output) }
        let set = try dataOptions.open(data ?? "", for: model.card)
        return try run(model, set, on: deviceOptions.makeBackend())
    }

    private func run(
        _ loaded: LoadedModel, _ set: LabeledImages, on backend: some Backend
    ) throws -> LoadedOutputs {
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        loaded.warnOfUntrainedWeights()
        var run = EvaluateRun(model, policy: .allExits)
        var outputs = CollectedOutputs(exits: model.configuration.stages.count)
        let stream = try dataOptions.stream(set, from: 0, for: loaded.card, label: "calibrate")
        try stream.forEachBatch { batch in
            outputs.add(
                try run.add(batch, places: batch.places), labels: batch.labels,
                heldOutEvery: holdOutEvery)
            if dataOptions.strict, stream.failures.count > 0 { throw ExitCode.failure }
        }
        stream.progress.finish()
        if dataOptions.strict, stream.failures.count > 0 { throw ExitCode.failure }
        guard !stream.wasInterrupted else {
            printError("interrupted; nothing is chosen on a part of the set")
            throw ExitCode(130)
        }
        guard run.tally.images > 0 else { throw EvaluationError.noImages(origin: set.origin) }
        let data = try outputs.calibrationData(of: model.configuration, origin: set.origin)
        printMeasured(run, unreadable: stream.failures.count)
        return LoadedOutputs(
            data: data, origin: set.origin, exitMilliseconds: run.exitMilliseconds)
    }

    private func printMeasured<B>(_ run: EvaluateRun<B>, unreadable: Int) {
        let images = run.tally.images
        let times = run.exitMilliseconds.map { decimalText($0, decimals: 3) }
        printError(
            "\(images) image\(images == 1 ? "" : "s")"
                + (unreadable > 0 ? "; \(unreadable) could not be read" : "")
                + "; measured: \(times.joined(separator: ", ")) ms an image that leaves at each "
                + "exit, in batches of \(dataOptions.batchSize)")
    }
}

/// What thresholds are chosen on.
struct LoadedOutputs {
    let data: CalibrationData
    /// What messages call it.
    let origin: String
    /// What an image takes that leaves at each exit, where a run measured it.
    var exitMilliseconds: [Double]?
}
