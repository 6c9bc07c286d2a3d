import ArgumentParser

/// The number of runs of a benchmark.
struct RunOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Timed runs.", valueName: "n"))
    var repeats = 20

    @Option(help: ArgumentHelp("Untimed runs before the timed ones.", valueName: "n"))
    var warmup = 3

    func validate() throws {
        guard (1...100_000).contains(repeats), (0...100_000).contains(warmup) else {
            throw ValidationError("--repeats takes 1...100000, --warmup 0...100000.")
        }
    }
}

/// The batch sizes of a benchmark and the number of runs.
struct RepeatOptions: ParsableArguments {
    @OptionGroup var runs: RunOptions

    @Option(
        help: ArgumentHelp(
            "Images per batch; a list such as 1,8,32, or the option repeated. Default: 1,8.",
            valueName: "n,..."))
    var batchSize: [BatchSizes] = []

    var repeats: Int { runs.repeats }
    var warmup: Int { runs.warmup }
    var batchSizes: [Int] { batchSize.isEmpty ? [1, 8] : batchSize.flatMap(\.sizes) }

    func validate() throws {
        guard batchSizes.allSatisfy({ (1...4096).contains($0) }) else {
            throw ValidationError("--batch-size takes 1...4096.")
        }
    }
}

/// A comma-separated list of batch sizes.
struct BatchSizes: ExpressibleByArgument {
    let sizes: [Int]

    init?(argument: String) {
        let texts = argument.split(separator: ",", omittingEmptySubsequences: false)
        sizes = texts.compactMap { Int($0) }
        guard sizes.count == texts.count else { return nil }
    }
}
