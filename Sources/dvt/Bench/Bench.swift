import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTOutput
import DVTParity
import DVTSupport

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time models and their kernels on a device, and what it can do at most.",
        discussion: """
            Examples:
              dvt bench model --model dvt-deit-small --batch-size 1,8,32
              dvt bench kernels --model deit-small --batch-size 8 --format markdown
              dvt bench train --model cascade.json --batch-size 64
              dvt bench peak
              dvt bench model --model deit-small --format json > before.json
              dvt bench model --model deit-small --compare before.json

            Weights and images are random: times do not depend on them. Nothing else should run on \
            the machine meanwhile.
            """,
        subcommands: [BenchModel.self, BenchKernels.self, BenchTrain.self, BenchPeak.self])
}

/// How often something is timed.
struct RepeatOptions: ParsableArguments {
    @Option(help: "The runs that count.")
    var repeats = 20

    @Option(name: .customLong("warm-ups"), help: "The runs before those that count.")
    var warmUps = 3

    @Option(
        help: ArgumentHelp(
            "The images that run together; several as 1,8,32 or by several options.",
            valueName: "images"))
    var batchSize: [BatchSizes] = []

    var batchSizes: [Int] { batchSize.isEmpty ? [1, 8] : batchSize.flatMap(\.sizes) }

    func validate() throws {
        guard (1...100_000).contains(repeats), (0...100_000).contains(warmUps) else {
            throw ValidationError("--repeats takes 1...100000, --warm-ups 0...100000.")
        }
        guard batchSizes.allSatisfy({ (1...4096).contains($0) }) else {
            throw ValidationError("--batch-size takes 1...4096.")
        }
    }
}

/// Batch sizes in one argument, with commas between them.
struct BatchSizes: ExpressibleByArgument {
    let sizes: [Int]

    init?(argument: String) {
        let texts = argument.split(separator: ",", omittingEmptySubsequences: false)
        sizes = texts.compactMap { Int($0) }
        guard sizes.count == texts.count else { return nil }
    }
}

extension TimeStatistics {
    /// The times for machines, milliseconds.
    var record: OutputValue {
        [
            "median": .double(median), "min": .double(minimum), "p90": .double(quantile(0.9)),
            "p99": .double(quantile(0.99)), "repeats": .int(samples.count),
        ]
    }
}
