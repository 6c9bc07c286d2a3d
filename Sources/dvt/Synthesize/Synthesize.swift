import ArgumentParser
import DVTCore
import DVTOutput
import DVTSupport
import DVTVision
import Glibc

struct Synthesize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Generate a data set of labeled images in ten classes, from easy to hard.",
        usage: "dvt synthesize [<options>] <output>",
        discussion: """
            Examples:
              dvt synthesize scenes --count 5000
              dvt synthesize hard --count 100 --size 224 --difficulty 0.8-1
              dvt synthesize scenes-cifar --count 60000 --layout cifar

            Each image shows one object: \(Self.classes). In an easy image it is large and \
            centered on a plain background; in a hard one it is small, rotated, faint and partly \
            hidden, among distractors and noise.

            An image depends only on --seed, --difficulty, --size and its index, on every machine: \
            the same command with a larger --count extends the data set, and after Ctrl-C the same \
            command continues. labels.csv lists the class and difficulty of every image.
            """)

    /// The maximum number of images.
    static let countLimit = 1_000_000
    private static let classes = SyntheticScenes.labels.names.joined(separator: ", ")

    @Option(
        help: ArgumentHelp(
            "Number of images, at most \(Self.countLimit); classes are balanced.", valueName: "n"))
    var count = 1000

    @Option(help: "Random seed.")
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "Columns and rows of an image, \(Self.sizes).", valueName: "pixels"))
    var size = 32

    @Option(
        help: ArgumentHelp(
            """
            Difficulty from 0 to 1: one value for all images, or a range such as 0.2-0.6 from \
            which each image draws its own.
            """, valueName: "low-high"))
    var difficulty = DifficultyArgument(range: 0...1)

    @Option(
        help: ArgumentHelp(
            "Share of the images for validation, from 0 to below 1.",
            valueName: "share"))
    var validationShare = 0.2

    @Option(
        help: """
            folder: PNG files train/CLASS/00001.png and val/CLASS/00003.png; cifar: CIFAR-10's \
            binary files, at 32 pixels.
            """)
    var layout = SceneLayout.folder

    @Option(
        help: ArgumentHelp(
            "Number of threads; default: the number of processors.", valueName: "n"))
    var threads: Int?

    @Argument(
        help: "The folder to create, or to continue with the same options.",
        completion: .directory)
    var output: String

    private static var sizes: String {
        "\(SyntheticScenes.sizes.lowerBound)...\(SyntheticScenes.sizes.upperBound)"
    }

    func validate() throws {
        guard (1...Self.countLimit).contains(count) else {
            throw ValidationError("--count is \(count); it takes 1...\(Self.countLimit).")
        }
        guard SyntheticScenes.sizes.contains(size) else {
            throw ValidationError("--size is \(size); it takes \(Self.sizes).")
        }
        guard layout == .folder || size == CIFARFile.side else {
            throw ValidationError(
                "--size is \(size), but --layout cifar requires \(CIFARFile.side) pixels.")
        }
        guard validationShare >= 0, validationShare < 1 else {
            throw ValidationError(
                "--validation-share is \(validationShare); it takes a number from 0 to below 1.")
        }
        guard threads.map({ (1...1024).contains($0) }) ?? true else {
            throw ValidationError("--threads is \(threads ?? 0); it takes 1...1024.")
        }
    }

    func run() throws {
        let folder = SceneFolder(
            path: output,
            scenes: SyntheticScenes(seed: seed, size: size, difficulty: difficulty.range),
            split: SceneSplit(count: count, validationShare: validationShare), layout: layout)
        try folder.prepare()
        let missing = folder.missingFiles()
        let images = missing.reduce(0) { $0 + $1.indices.count }
        try draw(missing, images: images, into: folder)
        try folder.finish()
        let there = images < count ? "; \(count - images) already existed" : ""
        printError(folder.summary + there)
    }

    private func draw(_ files: [SceneFile], images: Int, into folder: SceneFolder) throws {
        let writer = SceneWriter(
            scenes: folder.scenes, layout: layout,
            threads: threads ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            interruption: Interruption(),
            progress: ProgressReporter(
                label: "synthesize", unit: "images", total: images, isQuiet: false))
        do {
            defer { writer.progress.finish() }
            try writer.write(files, in: output)
        } catch let code as ExitCode {
            printError("\(shown(output)): interrupted; run the same command to continue")
            throw code
        }
    }
}

/// A difficulty, or a range of difficulties.
struct DifficultyArgument: ExpressibleByArgument {
    let range: ClosedRange<Double>

    init(range: ClosedRange<Double>) {
        self.range = range
    }

    init?(argument: String) {
        let ends = argument.split(separator: "-", omittingEmptySubsequences: false).map {
            Double($0)
        }
        guard (1...2).contains(ends.count), let low = ends[0], let high = ends[ends.count - 1],
            low >= 0, low <= high, high <= 1
        else {
            return nil
        }
        range = low...high
    }

    var defaultValueDescription: String { "0-1" }
}
