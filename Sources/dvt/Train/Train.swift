import ArgumentParser
import DVTAutodiff
import DVTCheckpoints
import DVTCore
import DVTModel
import DVTOutput
import DVTReference
import DVTSupport
import DVTTraining
import DVTVision

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a cascade, every exit of it, on labeled images.",
        discussion: """
            Examples:
              dvt train images --split train --model cascade.json --output run
              dvt train cifar-10-batches-bin --split train --validation-split test \\
                --model cascade.json --recipe recipe.json --output run --max-hours 2
              dvt train images --split train --output run --resume
              dvt train images --init dvt.safetensors --model cascade.json --output run

            The loss is the sum of all exits' cross-entropies. The folder keeps a checkpoint from \
            which a run that was interrupted, even killed, goes on by --resume; the weights with \
            the model's card, for every other command; the recipe; and a log, a line an epoch. \
            Evaluation columns are of averaged weights, on images that are not trained on.
            """)

    @Argument(
        help: ArgumentHelp(
            "A folder of class folders, a folder or file of CIFAR archives, or a CSV file.",
            valueName: "data"),
        completion: .directory)
    var data: String

    @Option(help: "The part of the set to train on; needed where there are several.")
    var split: String?

    @Option(help: "The part of the set to measure on after every epoch.")
    var validationSplit: String?

    @Option(
        help: ArgumentHelp(
            "Keep one of every so many images of the part aside, to measure on.",
            discussion: "dvt evaluate and dvt calibrate take the same ones by --every.",
            valueName: "count"))
    var holdOutEvery: Int?

    @Option(
        help: ArgumentHelp("The model: a name or a JSON file.", valueName: "name|file.json"),
        completion: .list(CascadeConfiguration.names))
    var model: String?

    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Start from these weights instead of random ones.",
            discussion: """
                Of another number of classes, the head starts anew; positions of another grid are \
                resampled, as timm does.
                """), completion: .file())
    var start: String?

    @Option(help: "The folder of the run.", completion: .directory)
    var output: String

    @Flag(help: "Go on with the run in the folder.")
    var resume = false

    @OptionGroup var recipeOptions: RecipeOptions

    @Option(help: "The threads that read and change images.")
    var workers = 2

    @Flag(help: "End with an error at the first image that cannot be read.")
    var strict = false

    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        guard resume ? model == nil && start == nil : model != nil else {
            throw ValidationError(
                resume
                    ? "--resume has the run's own model; leave --model and --init out."
                    : "Give --model, a name or a JSON file.")
        }
        guard validationSplit == nil || holdOutEvery == nil else {
            throw ValidationError("Give --validation-split or --hold-out-every, not both.")
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
                    ? "holds no checkpoint.safetensors to go on with"
                    : "holds a run already; go on with it by --resume, or give another folder")
        }
        // What can be wrong without a device is told before kernels are built.
        let plan = try makePlan(folder)
        let inputs = try makeInputs(plan)
        try train(plan, inputs, in: folder, on: deviceOptions.makeBackend())
    }

    /// What is trained, and how.
    private struct Plan {
        let card: ModelCard
        let recipe: TrainingRecipe
        /// The part that is trained on, with what of it is kept aside.
        let images: LabeledImages
        /// The run that is gone on with, or nil.
        var checkpoint: SafetensorsFile?
        /// Whether its batches are as large as before.
        var keepsBatchSize = false
    }

    private typealias Inputs = (training: TrainingInput, validation: TrainingInput?)

    private func train(
        _ plan: Plan, _ inputs: Inputs, in folder: RunFolder,
        on backend: some DifferentiableBackend
    ) throws {
        let trainer = try makeTrainer(plan, backend)
        let (input, validation) = inputs
        // Images that were kept aside would be trained on, and nobody would see it.
        if plan.keepsBatchSize, let before = trainer.position.batchesPerEpoch,
            before != input.batchCount
        {
            throw RunFolderError(
                path: output,
                problem: """
                    an epoch of the run has \(before) batches, and these images make \
                    \(input.batchCount); give the data, --split and --hold-out-every of its start
                    """)
        }
        try makeFolder(folder.path)
        try replaceFile(folder.recipe, with: trainer.recipe.json)
        try replaceFile(folder.model, with: trainer.card.json + "\n")
        let interruption = Interruption()
        var run = try TrainRun(
            trainer, on: input, validation: validation, in: folder, interruption: interruption)
        printError(summary(of: trainer, input, validation))
        let columns = EpochRecord.columns(
            exits: trainer.card.configuration.stages.count, validates: validation != nil)
        try outputOptions.withWriter(columns, table: .streaming(firstRows: 1)) { writer in
            let isDone = try run.run { try writer.write($0.values) }
            guard isDone else {
                printError("interrupted: go on with --resume")
                throw ExitCode(130)
            }
        }
        printError("trained: \(shown(folder.weights))")
    }

    private func makePlan(_ folder: RunFolder) throws -> Plan {
        if resume {
            let file = try SafetensorsFile(path: folder.checkpoint)
            let card = try ModelCard(storedIn: file)
            let stored = try Trainer<ReferenceBackend>.recipe(storedIn: file)
            let recipe = recipeOptions.isGiven ? try recipeOptions.made(from: stored) : stored
            return Plan(
                card: card, recipe: recipe, images: try open(split, for: card),
                checkpoint: file,
                keepsBatchSize: recipe.batchSize == stored.batchSize)
        }
        let recipe = try recipeOptions.made()
        var card = try ModelCard.given(model ?? "")
        let images = try open(split, for: card, tellsAssumption: false)
        if let names = images.classes?.names, names.count == card.configuration.classes {
            // The model's classes are the set's: nothing was assumed of how they are numbered.
            card.labels = .list(names)
        } else if let assumption = images.assumption {
            printError("note: \(assumption)")
        }
        return Plan(card: card, recipe: recipe, images: images)
    }

    private func makeTrainer<B: DifferentiableBackend>(
        _ plan: Plan, _ backend: B
    ) throws -> Trainer<B> {
        let (card, recipe) = (plan.card, plan.recipe)
        if let checkpoint = plan.checkpoint {
            return try Trainer(resuming: checkpoint, recipe: recipe, backend: backend)
        }
        let random = RandomWeights(seed: recipe.seed)
        guard let start else {
            return try Trainer(card, recipe: recipe, weights: random, backend: backend)
        }
        let weights = try AdaptedWeights(Checkpoint.open(path: start), otherwise: random)
        let trainer = try Trainer(card, recipe: recipe, weights: weights, backend: backend)
        for change in try weights.changes(for: card.configuration) {
            printError("start: \(change)")
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
                preprocessing: PreprocessingPreset.default.preprocessing(of: card),
                augmentation: augmentation,
                options: TrainingInput.Options(
                    batchSize: recipe.batchSize, seed: recipe.seed, keepsShortBatch: keepsRest,
                    isStrict: strict, workers: workers, cacheByteLimit: 1 << 30))
        }
        let set = plan.images
        let training = holdOutEvery.map { set.leavingOut(every: $0) } ?? set
        let validation =
            try holdOutEvery.map { set.only(every: $0) }
            ?? validationSplit.map { try open($0, for: card) }
        return (
            try input(training, recipe.augmentation, keepsRest: false),
            try validation.map { try input($0, .none, keepsRest: true) }
        )
    }

    private func open(
        _ split: String?, for card: ModelCard, tellsAssumption: Bool = true
    ) throws -> LabeledImages {
        let set = try LabeledImages.open(
            path: data, split: split, classes: ClassLabels.of(card))
        for problem in set.problems { printError("warning: \(problem)") }
        if tellsAssumption, let assumption = set.assumption { printError("note: \(assumption)") }
        if strict, !set.problems.isEmpty { throw ExitCode.failure }
        return set
    }

    private func summary<B: DifferentiableBackend>(
        of trainer: Trainer<B>, _ input: TrainingInput, _ validation: TrainingInput?
    ) -> String {
        let configuration = trainer.card.configuration
        let parameters = configuration.parameters.reduce(0) { $0 + $1.shape.elementCount }
        let measured = validation.map { ", measured on \($0.images.count)" } ?? ""
        let from =
            trainer.position.step > 0
            ? ", from epoch \(trainer.position.epoch + 1), step \(trainer.position.step)" : ""
        return """
            train: \(printable(configuration.name)), \(parameters) parameters, on \
            \(input.images.count) images in batches of \(trainer.recipe.batchSize)\(measured)\(from)
            """
    }
}
