import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTVision

/// The outputs to choose thresholds on: a file, or labeled images that a model runs on.
struct OutputsOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Labeled images to run the model on, as for `dvt evaluate`.",
            valueName: "data"),
        completion: .directory)
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Outputs saved by `dvt evaluate --save-outputs`, instead of images.",
            valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var from: String?

    @Option(
        help: ArgumentHelp(
            "Hold out every nth image to evaluate the thresholds; 0: none.",
            valueName: "n"))
    var holdOutEvery = 2

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var dataOptions: DataSetOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        guard (from == nil) != (data == nil) else {
            throw ValidationError(
                from == nil
                    ? "Give labeled images, or saved outputs with --from."
                    : "\(data ?? "") and --from are mutually exclusive; give one of them.")
        }
        guard from == nil || (modelOptions.model == nil && modelOptions.weights == nil) else {
            throw ValidationError("--model and --weights do not apply with --from.")
        }
        guard holdOutEvery == 0 || holdOutEvery >= 2 else {
            throw ValidationError("--hold-out-every takes 0, or at least 2.")
        }
    }

    /// Reads or computes the outputs.
    ///
    /// - Parameter output: the file to write, or nil; must not be an input file.
    /// - Returns: the outputs.
    /// - Throws: the error of the file, the model, the data set or the device, or the exit code
    ///   after Ctrl-C.
    func load(for output: String?) throws -> LoadedOutputs {
        if let from {
            return LoadedOutputs(data: try CalibrationData(path: from), origin: from)
        }
        let model = try modelOptions.load()
        guard model.configuration.stages.count > 1 else {
            throw CalibrationError.unsuitable(
                origin: model.configuration.name,
                reason: "has one exit; thresholds need at least two")
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
        stream.finishProgress()
        if dataOptions.strict, stream.failures.count > 0 { throw ExitCode.failure }
        guard !stream.wasInterrupted else {
            printError("interrupted; no thresholds are chosen on part of a data set")
            throw stream.interruptionCode ?? .failure
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
                + "; measured: \(times.joined(separator: ", ")) ms per image at each exit, in "
                + "batches of \(dataOptions.batchSize)")
    }
}

/// The outputs to choose thresholds on.
struct LoadedOutputs {
    let data: CalibrationData
    /// The source named in messages.
    let origin: String
    /// The measured time per image that exits at each exit, or nil for saved outputs.
    var exitMilliseconds: [Double]?
}
