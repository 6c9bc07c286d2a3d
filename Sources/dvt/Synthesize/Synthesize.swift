import ArgumentParser
import DVTCore
import DVTOutput
import DVTSupport
import DVTVision
import Glibc

struct Synthesize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw labeled images in ten classes, from easy to hard.",
        discussion: """
            Examples:
              dvt synthesize scenes --count 5000
              dvt synthesize hard --count 100 --size 224 --difficulty 0.8-1
              dvt synthesize scenes-cifar --count 60000 --layout cifar

            An image shows one thing: \(Self.classes). An easy one is large, in the middle of a \
            plain ground; a hard one is small, turned, faint, partly hidden, among pieces of other \
            things and in noise.

            An image depends on --seed, --difficulty and its number alone, on every machine: \
            the same command with a larger --count adds to what is there, and after Ctrl-C the \
            same command goes on. labels.csv tells every image's class and difficulty.
            """)

    /// The most images of a set.
    static let countLimit = 1_000_000
    private static let classes = SyntheticScenes.labels.names.joined(separator: ", ")

    @Option(help: "How many images, at most \(Self.countLimit); the classes take turns.")
    var count = 1000

    @Option(help: "The seed: another one gives other images.")
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "Columns and rows of an image, \(Self.sizes).", valueName: "pixels"))
    var size = 32

    @Option(
        help: ArgumentHelp(
            """
            How hard the images are, from 0 to 1: one number for all, or two of them, as in \
            0.2-0.6, between which each image draws its own.
            """, valueName: "low-high"))
    var difficulty = DifficultyArgument(range: 0...1)

    @Option(
        help: ArgumentHelp(
            "The part of the images that is kept for validation, from 0 to below 1.",
            valueName: "share"))
    var validationShare = 0.2

    @Option(
        help: """
            folder: PNG files train/CLASS/00001.png and val/CLASS/00003.png; cifar: the binary \
            files of CIFAR-10, at 32 pixels.
            """)
    var layout = SceneLayout.folder

    @Option(help: "How many threads draw; default: the processors there are.")
    var threads: Int?

    @Argument(
        help: "The folder to make, or one that this command began with the same options.",
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
                "--size is \(size), but images of --layout cifar have \(CIFARFile.side) pixels.")
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
        let there = images < count ? "; \(count - images) were there" : ""
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
            printError("\(shown(output)): interrupted; the same command goes on from there")
            throw code
        }
    }
}

/// One difficulty, or two between which images draw theirs.
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
