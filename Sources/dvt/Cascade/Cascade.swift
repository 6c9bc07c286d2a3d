import ArgumentParser
import DVTOpenCL
import DVTOutput
import DVTTraining
import Glibc

struct Cascade: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a calibrated cascade of a plain ViT and labeled images.",
        usage: "dvt cascade <backbone> --sizes <a,b,c> --data <data> --output <folder>",
        discussion: """
            Examples:
              dvt cascade dinov2_folder --image-size 98,140,224 --data photos --output run
              dvt cascade vit.safetensors --model vit_small_patch16_224 \\
                --image-size 96,160,224 --data cifar-10-batches-bin --output run --resume

            Every stage runs the same frozen weights on the image at its own size, with a head of its \
            own for the classes of the data. Four commands do the work, and are printed as they \
            start, to be repeated with other options: `dvt train` computes the features of all \
            images once and trains the heads on them; `dvt calibrate` chooses thresholds; `dvt \
            convert` writes cascade.safetensors, the cascade with its thresholds; `dvt evaluate` \
            measures it and writes report.html. All files are in the output folder.

            Thresholds are chosen, and the cascade is measured, on images that no head was trained \
            on: the splits val and test if there are both, otherwise images held out of the training \
            split. The table of `dvt evaluate` is printed to standard output, the rest to standard \
            error.
            """)

    @Argument(
        help: ArgumentHelp(
            "A checkpoint of a plain ViT, or a folder that timm or Hugging Face transformers saved.",
            valueName: "backbone"),
        completion: .file())
    var backbone: String

    @Option(
        help: ArgumentHelp(
            "The timm or Hugging Face name of the backbone, if its file does not describe it.",
            valueName: "name|file.json"))
    var model: String?

    @OptionGroup var checkpointOptions: CheckpointOptions

    @Option(
        name: [.customLong("image-size"), .customLong("sizes")],
        help: ArgumentHelp(
            "The side of each stage's images in pixels, such as 98,140,224.",
            valueName: "pixels,..."))
    var imageSize: ImageSizes

    @OptionGroup var data: CascadeDataOptions

    @Option(help: ArgumentHelp("Output folder.", valueName: "folder"), completion: .directory)
    var output: String

    @Flag(help: "Continue an interrupted run in the output folder.")
    var resume = false

    @Option(
        help: ArgumentHelp(
            "Number of epochs of the heads; default: about 4,000 steps.", valueName: "n"))
    var epochs: Int?

    @Option(help: ArgumentHelp("Images per training batch.", valueName: "n"))
    var batchSize: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most percentage points of accuracy to give up for speed.", valueName: "points"))
    var maxDrop = 0.3

    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        guard imageSize.makeCascade else {
            throw ValidationError(
                "--image-size takes at least two sizes, one for each stage: 98,140,224.")
        }
        guard maxDrop >= 0, maxDrop < 100 else {
            throw ValidationError("--max-drop is \(maxDrop); it takes points from 0 up to 100.")
        }
    }

    func run() throws {
        let parts = try data.parts()
        let folder = RunFolder(path: output)
        let device = deviceOptions.arguments
        let calibration = "\(output)/calibration.json"
        let cascade = "\(output)/cascade.safetensors"
        let model = ["--weights", folder.weights]
        let steps: [(name: String, command: any ParsableCommand.Type, arguments: [String])] = [
            ("train", Train.self, try trainArguments(parts) + device),
            (
                "calibrate", Calibrate.self,
                [data.data] + parts.calibration + model
                    + [
                        "--hold-out-every", "0", "--rule", "optimal", "--max-drop", "\(maxDrop)",
                        "--output", calibration,
                    ] + device
            ),
            ("convert", Convert.self, [folder.weights, cascade, "--calibration", calibration]),
            (
                "evaluate", Evaluate.self,
                [data.data] + parts.test
                    + [
                        "--weights", cascade, "--report", "\(output)/report.html", "--format",
                        outputOptions.format.rawValue,
                    ] + device
            ),
        ]
        for (index, (name, command, arguments)) in steps.enumerated() {
            let line = ([name] + arguments).map(shellQuoted).joined(separator: " ")
            printError("cascade: step \(index + 1) of \(steps.count): dvt \(line)")
            var step = try command.parse(arguments)
            guard index < steps.count - 1 else { return try step.run() }
            try withStandardOutput(to: STDERR_FILENO) { try step.run() }
        }
    }

    private func trainArguments(_ parts: CascadeDataOptions.Parts) throws -> [String] {
        let common = [data.data] + parts.training + ["--output", output]
        if resume, RunFolder(path: output).hasRun { return common + ["--resume"] }
        let batchSize = batchSize ?? min(128, max(1, parts.trainingImages / 4))
        let batches = max(1, parts.trainingImages / max(batchSize, 1))
        let epochs = epochs ?? min(max(4000 / batches, 20), 400)
        return common + ["--init", backbone] + (model.map { ["--model", $0] } ?? [])
            + (checkpointOptions.checkpointKey.map { ["--checkpoint-key", $0] } ?? [])
            + [
                "--image-size", imageSize.sides.map { "\($0)" }.joined(separator: ","),
                "--freeze", TrainingRecipe.backbone, "--augmentation", "none",
                "--batch-size", "\(batchSize)", "--epochs", "\(epochs)",
            ]
    }
}

/// Runs `body` while what it prints to standard output goes to another descriptor.
private func withStandardOutput<Value>(
    to descriptor: Int32, _ body: () throws -> Value
) rethrows -> Value {
    fflush(nil)
    let saved = dup(STDOUT_FILENO)
    dup2(descriptor, STDOUT_FILENO)
    defer {
        fflush(nil)
        dup2(saved, STDOUT_FILENO)
        close(saved)
    }
    return try body()
}
