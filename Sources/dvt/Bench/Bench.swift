import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTOpenCL
import DVTOutput
import OpenCL

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time models and their operations on a device.",
        discussion: """
            Examples:
              dvt bench model --model dvt-deit-small --batch-size 1 --batch-size 8
              dvt bench operations --model deit-small --batch-size 8 --format markdown

            Weights and images are random: times do not depend on them. Nothing else should run on \
            the machine meanwhile.
            """,
        subcommands: [BenchModel.self, BenchOperations.self])
}

/// How often something is timed.
struct RepeatOptions: ParsableArguments {
    @Option(help: "The runs that count.")
    var repeats = 20

    @Option(name: .customLong("warm-ups"), help: "The runs before those that count.")
    var warmUps = 3

    @Option(
        help: ArgumentHelp(
            "The images that run together; may be given several times.", valueName: "images"))
    var batchSize: [Int] = []

    var batchSizes: [Int] { batchSize.isEmpty ? [1, 8] : batchSize }

    func validate() throws {
        guard (1...100_000).contains(repeats), (0...100_000).contains(warmUps) else {
            throw ValidationError("--repeats takes 1...100000, --warm-ups 0...100000.")
        }
        guard batchSize.allSatisfy({ (1...4096).contains($0) }) else {
            throw ValidationError("--batch-size takes 1...4096.")
        }
    }
}

/// What every record of a benchmark says of how it was made.
struct BenchSetting {
    let device: String
    let kernelStyle: String?
    private let precision: String

    init(_ backend: some Backend) {
        device = backend.deviceName
        precision = ((backend as? OpenCLBackend)?.precision ?? .float32).rawValue
        kernelStyle = (backend as? OpenCLBackend)?.kernelStyle.rawValue
    }

    /// The columns of a record, for machines alone.
    static let columns: [OutputColumn] = [
        OutputColumn("precision", audience: .machines),
        OutputColumn("kernel_style", audience: .machines),
        OutputColumn("commit", audience: .machines), OutputColumn("device", audience: .machines),
    ]

    /// The values of a record.
    var row: [OutputValue] {
        [
            .string(precision), .optional(kernelStyle, OutputValue.string),
            .string(Version.commit), .string(device),
        ]
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
