import ArgumentParser
import DVTAutodiff
import DVTCheckpoints
import DVTCore
import DVTModel
import DVTOpenCL
import DVTOutput
import DVTReference
import DVTSupport
import DVTTraining
import DVTVision

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train all exits of a cascade on labeled images.",
        discussion: """
            Examples:
              dvt train images --split train --model cascade.json --output run
              dvt train cifar-10-batches-bin --split train --validation-split test \\
                --model cascade.json --recipe recipe.json --output run --max-hours 2
              dvt train images --split train --output run --resume
              dvt train images --init dvt.safetensors --model cascade.json --output run
              dvt train images --init \(ShippedModel.name) --output run
              dvt train images --init dinov2_folder --image-size 98,140,224 \\
                --freeze backbone --augmentation none --output run

            The model's classes and their names are those of the data. The loss is the sum of the \
            exits' cross-entropy losses. The output folder contains a checkpoint, from which \
            --resume continues a run that was interrupted or killed; the weights with the model \
            card, for the other commands; the recipe; and a log with one line per epoch. \
            Evaluation columns are measured with averaged weights on images not used for training. \
            With a frozen backbone and without augmentation, the features of all images are computed \
            once and kept in the output folder, and only the heads run in every epoch.
            """)

    @Argument(
        help: ArgumentHelp(
            "A folder of class folders, CIFAR archives (a folder or a file), or a list (.csv, .txt).",
            valueName: "data"),
        completion: .directory)
    var data: String

    @Option(
        help: ArgumentHelp(
            "The split to train on; required if the data set has several.", valueName: "name"))
    var split: String?

    @OptionGroup var folderOptions: ClassFolderOptions

    @Option(
        help: ArgumentHelp("The split to evaluate after every epoch.", valueName: "name"))
    var validationSplit: String?

    @Option(
        help: ArgumentHelp(
            "Hold out every nth image of the split for evaluation.",
            discussion: "`dvt evaluate` and `dvt calibrate` use the same images with --every-nth.",
            valueName: "n"))
    var holdOutEvery: Int?

    @Option(
        help: ArgumentHelp(
            "A model name or a JSON file; default: the model card of --init.",
            valueName: "name|file.json"),
        completion: .list(ModelCard.argumentNames))
    var model: String?

    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Initialize from this checkpoint, or \(ShippedModel.name), instead of randomly.",
            discussion: """
                A head for other classes is reinitialized; position embeddings of another grid are \
                resampled, as in timm. Without --model, its model card describes the model.
                """, valueName: "file"),
        completion: .file())
    var start: String?

    @OptionGroup var loadingOptions: LoadingOptions
    @OptionGroup var reuse: ReuseOptions

    @Option(
        help: ArgumentHelp("Output folder of the run.", valueName: "folder"),
        completion: .directory)
    var output: String

    @Flag(help: "Resume the run in the output folder.")
    var resume = false

    @OptionGroup var recipeOptions: RecipeOptions

    @Option(help: ArgumentHelp("Threads that load and augment images.", valueName: "n"))
    var workers = 2

    @Flag(help: "Fail at the first unreadable image.")
    var strict = false

    @OptionGroup var decoding: DecodingArguments

    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        try deviceOptions.requireRangeOfGradients(for: "training runs")
        guard resume ? model == nil && start == nil : model != nil || start != nil else {
            throw ValidationError(
                resume
                    ? "--resume uses the run's own model; omit --model and --init."
                    : "--model or --init is required: a model name, a JSON file or a checkpoint.")
        }
        guard loadingOptions.checkpoint.checkpointKey == nil || start != nil else {
            throw ValidationError("--checkpoint-key chooses weights within the file of --init.")
        }
        guard loadingOptions.imageSize == nil || !resume else {
            throw ValidationError("--resume uses the run's own model; omit --image-size.")
        }
        guard !resume || reuse.featureReuse == nil && reuse.relationReuse == nil else {
            throw ValidationError(
                "--resume uses the run's own model; omit --feature-reuse and --relation-reuse.")
        }
        guard validationSplit == nil || holdOutEvery == nil else {
            throw ValidationError("--validation-split and --hold-out-every are mutually exclusive.")
        }
        guard holdOutEvery.map({ $0 >= 2 }) ?? true else {
            throw ValidationError("--hold-out-every takes at least 2.")
        }
        guard (0...256).contains(workers) else {
            throw ValidationError("--workers takes 0...256.")
        }
    }

    func run() throws {
        let folder = RunFolder(path: output)
        guard resume == folder.hasRun else {
            throw RunFolderError(
                path: output,
                problem: resume
                    ? "contains no checkpoint.safetensors to resume from"
                    : "already contains a run; resume it with --resume or choose another folder")
        }
        // Check everything that needs no device before kernels are built.
        let plan = try makePlan(folder)
        let inputs = try makeInputs(plan)
        try train(plan, inputs, in: folder, on: deviceOptions.makeBackend())
    }

    /// The model, recipe and images of a run.
    private struct Plan {
        let card: ModelCard
        let recipe: TrainingRecipe
        /// The training split, including held-out images.
        let images: LabeledImages
        /// The weights of another model to start from, or nil.
        var start: AdaptedWeights?
        /// The checkpoint to resume from, or nil.
        var checkpoint: SafetensorsFile?
        /// Whether the batch size is that of the checkpoint.
        var keepsBatchSize = false
    }

    private typealias Inputs = (training: TrainingInput, validation: TrainingInput?)

    private func train(
        _ plan: Plan, _ inputs: Inputs, in folder: RunFolder,
        on backend: some DifferentiableBackend
    ) throws {
        let trainer = try makeTrainer(plan, backend)
        let (input, validation) = inputs
        // Another subset would silently train on held-out images.
        if plan.keepsBatchSize, let before = trainer.position.batchesPerEpoch,
            before != input.batchCount
        {
            throw RunFolderError(
                path: output,
                problem: """
                    an epoch of the run has \(before) batches, but these images give \
                    \(input.batchCount); use the original data, --split and --hold-out-every
                    """)
        }
        try makeFolder(folder.path)
        try replaceFile(folder.recipe, with: trainer.recipe.json)
        try replaceFile(folder.model, with: trainer.card.json + "\n")
        let interruption = Interruption()
        var run = try TrainRun(
            trainer, on: input, validation: validation, in: folder,
            precision: deviceOptions.precision.rawValue, interruption: interruption)
        let labels = try ClassLabels.of(trainer.card)
        printError("trains \(classesText(labels, count: trainer.card.configuration.classes))")
        printError(summary(of: trainer, input, validation))
        let columns = EpochRecord.columns(
            exits: trainer.card.configuration.stages.count, validates: validation != nil)
        try outputOptions.withWriter(columns, table: .streaming(firstRows: 1)) { writer in
            let isDone = try run.run { try writer.write($0.values) }
            guard isDone else {
                printError("interrupted: continue with --resume")
                throw interruption.exitCode ?? .failure
            }
        }
        printError("trained: \(shown(folder.weights))")
    }

    private func makePlan(_ folder: RunFolder) throws -> Plan {
        if resume {
            let file = try SafetensorsFile(path: folder.checkpoint)
            let card = try ModelCard(storedIn: file)
            let stored = try Trainer<ReferenceBackend>.recipe(storedIn: file)
            let recipe = recipeOptions.isGiven ? try recipeOptions.applied(to: stored) : stored
            let images = try open(split, for: card)
            try report(images)
            return Plan(
                card: card, recipe: recipe, images: images, checkpoint: file,
                keepsBatchSize: recipe.batchSize == stored.batchSize)
        }
        let recipe = try recipeOptions.applied()
        let model = try TrainingModel(
            model: model, start: start, loadingOptions, reuse)
        let own = try open(split, ModelClasses(numbering: folderOptions.classFolders))
        let card = try model.card(for: own)
        // Numbered as the model states, if it names the classes of the data in another order.
        let stated = try model.statedLabels
        let images = stated == nil || stated == own.classes ? own : try open(split, for: card)
        try report(images)
        return Plan(
            card: card, recipe: recipe, images: images,
            start: try model.weights(for: card, otherwise: RandomWeights(seed: recipe.seed)))
    }

    private func open(_ split: String?, for card: ModelCard) throws -> LabeledImages {
        try open(
            split,
            ModelClasses(
                ClassLabels.of(card), count: card.configuration.classes,
                numbering: folderOptions.classFolders))
    }

    private func open(_ split: String?, _ classes: ModelClasses) throws -> LabeledImages {
        try LabeledImages.open(path: data, split: split, classes: classes)
    }

    private func report(_ set: LabeledImages) throws {
        for problem in set.problems { printError("warning: \(problem)") }
        SkippedLog(set.skipped).printSummary()
        if strict, !set.problems.isEmpty { throw ExitCode.failure }
    }

    private func makeTrainer<B: DifferentiableBackend>(
        _ plan: Plan, _ backend: B
    ) throws -> Trainer<B> {
        let (card, recipe) = (plan.card, plan.recipe)
        if let checkpoint = plan.checkpoint {
            return try Trainer(resuming: checkpoint, recipe: recipe, backend: backend)
        }
        guard let weights = plan.start else {
            return try Trainer(
                card, recipe: recipe, weights: RandomWeights(seed: recipe.seed), backend: backend)
        }
        let trainer = try Trainer(card, recipe: recipe, weights: weights, backend: backend)
        for change in try weights.changes(for: card.configuration) {
            printError("init: \(change)")
        }
        return trainer
    }

    private func makeInputs(_ plan: Plan) throws -> Inputs {
        let (card, recipe) = (plan.card, plan.recipe)
        func input(
            _ set: LabeledImages, _ augmentation: AugmentationConfiguration, keepsRest: Bool
        ) throws -> TrainingInput {
            try TrainingInput(
                set, classes: card.configuration.classes,
                preprocessing: decoding.applied(to: Preprocessing(card), truncated: .refuse),
                augmentation: augmentation,
                options: TrainingInput.Options(
                    batchSize: recipe.batchSize, seed: recipe.seed, keepsShortBatch: keepsRest,
                    isStrict: strict, workers: workers, cacheByteLimit: 1 << 30))
        }
        let set = plan.images
        let training = holdOutEvery.map { set.leavingOut(every: $0) } ?? set
        let other = try validationSplit.map { try open($0, for: card) }
        try other.map(report)
        let validation = holdOutEvery.map { set.only(every: $0) } ?? other
        return (
            try input(training, recipe.augmentation, keepsRest: false),
            try validation.map { try input($0, .none, keepsRest: true) }
        )
    }

    private func summary<B: DifferentiableBackend>(
        of trainer: Trainer<B>, _ input: TrainingInput, _ validation: TrainingInput?
    ) -> String {
        let configuration = trainer.card.configuration
        let parameters = configuration.parameters.reduce(0) { $0 + $1.shape.elementCount }
        let measured = validation.map { ", evaluated on \($0.images.count)" } ?? ""
        let from =
            trainer.position.step > 0
            ? ", from epoch \(trainer.position.epoch + 1), step \(trainer.position.step)" : ""
        return """
            train: \(printable(configuration.name)), \(parameters) parameters, on \
            \(input.images.count) images in batches of \(trainer.recipe.batchSize)\(measured)\(from)
            """
    }
}
