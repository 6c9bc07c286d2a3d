import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTOutput
import DVTParity
import DVTSupport
import DVTVision

/// The output records of an evaluation: one per exit, one for all exits, one for early exits.
struct EvaluateRecord {
    let card: ModelCard
    let tally: EvaluationTally
    let places: [Int32]
    let times: RunTimes
    let exitSeconds: [Double]
    let early: EarlyExits?
    let deviceName: String
    let precision: Precision
    let preprocessing: Preprocessing
    let batchSize: Int
    let unreadable: Int
    private let parameterCount: Int

    /// Collects the results of a run.
    ///
    /// - Parameters:
    ///   - run: the run.
    ///   - card: the model's card.
    ///   - stream: the images, after the run.
    ///   - unreadable: the number of images that could not be read.
    init<B>(
        _ run: EvaluateRun<B>, _ card: ModelCard, _ stream: ImageStream, unreadable: Int
    ) {
        self.card = card
        self.unreadable = unreadable
        tally = run.tally
        places = run.places
        times = run.times
        exitSeconds = run.exitSeconds
        early = run.early
        deviceName = run.model.backend.deviceName
        precision = (run.model.backend as? OpenCLBackend)?.precision ?? .float32
        preprocessing = stream.preprocessing
        batchSize = stream.batchSize
        parameterCount = run.model.configuration.parameters.reduce(0) {
            $0 + $1.shape.elementCount
        }
    }

    /// The columns; the machine-readable ones include those of timm's `validate.py`.
    var columns: [OutputColumn] {
        [
            OutputColumn("model", audience: .machines),
            OutputColumn("measurement", title: "Measurement"),
            .number("exit", audience: .machines),
            .number("top1", title: "Top-1, %"), .number("top1_err", audience: .machines),
            .number("top5", title: "Top-5, %"), .number("top5_err", audience: .machines),
            OutputColumn("shares", title: "Exit shares, %", decimals: 1),
            unit.gigaColumn("gmacs", title: "\(unit.name)/image"),
            .number("images_per_sec", title: "Images/s", decimals: 1),
            OutputColumn("latency_ms", audience: .json),
            .number("p50_ms", title: "p50, ms/batch", audience: [.people, .csv]),
            .number("p90_ms", title: "p90", audience: [.people, .csv]),
            .number("p99_ms", title: "p99", audience: [.people, .csv]),
            .number("batch_size", audience: .machines),
            .number("images", audience: .machines), .number("unreadable", audience: .machines),
            OutputColumn("thresholds", audience: .machines),
            OutputColumn("criterion", audience: .machines),
            OutputColumn("temperatures", audience: .machines),
            .number("param_count", audience: .machines), .number("img_size", audience: .machines),
            .number("crop_pct", audience: .machines),
            OutputColumn("interpolation", audience: .machines),
            OutputColumn("device", audience: .machines),
            OutputColumn("precision", audience: .machines),
        ]
    }

    /// The unit of costs.
    var unit: CostUnit { CostUnit(card.configuration) }

    /// The exit of every image; the last one if all images ran to it.
    var exits: [UInt8] {
        early?.exits ?? Array(repeating: UInt8(tally.exits - 1), count: tally.images)
    }

    /// The score compared with the thresholds.
    var scoring: ExitScoring { early?.policy.scoring ?? ExitScoring() }

    /// The predictions at the exits taken, by class.
    var confusionMatrix: ConfusionMatrix { tally.confusionMatrix(exits: exits) }

    /// The accuracy and the exits of every class with images.
    var classSummaries: [ClassSummary] { tally.classSummaries(exits: exits) }

    /// The cost of an image that exits at each exit, in 10^9 multiply-adds.
    var exitCosts: [Double] {
        card.configuration.cumulativeMultiplyAdds.map { Double($0) / 1e9 }
    }

    var rows: [[OutputValue]] {
        let costs = exitCosts
        var rows = costs.indices.map { exit in
            row(
                "exit \(exit + 1)", exit: exit, top1: tally.accuracy(top: 1, exit: exit),
                top5: tally.accuracy(top: 5, exit: exit), gmacs: costs[exit])
        }
        if costs.count > 1 {
            let last = costs.count - 1
            rows.append(
                row(
                    "all exits", top1: tally.accuracy(top: 1, exit: last),
                    top5: tally.accuracy(top: 5, exit: last), gmacs: costs[last], times: times))
        } else {
            rows[0] = row(
                "exit 1", exit: 0, top1: tally.accuracy(top: 1, exit: 0),
                top5: tally.accuracy(top: 5, exit: 0), gmacs: costs[0], times: times)
        }
        if let early, costs.count > 1 { rows.append(earlyRow(early, costs)) }
        return rows
    }

    private func earlyRow(_ early: EarlyExits, _ costs: [Double]) -> [OutputValue] {
        let count = Double(max(early.exits.count, 1))
        let top5 = early.exits.indices.count { tally.ranks[Int(early.exits[$0])][$0] < 5 }
        return row(
            "early exits", top1: early.accuracy, top5: 100 * Double(top5) / count,
            gmacs: early.cost(costs), shares: costs.indices.map(early.share), times: early.times,
            policy: early.policy)
    }

    private func row(
        _ measurement: String, exit: Int? = nil, top1: Double, top5: Double, gmacs: Double,
        shares: [Double] = [], times: RunTimes? = nil, policy: ExitPolicy? = nil
    ) -> [OutputValue] {
        let latency = times?.statistics
        let thresholds: [Float]? =
            if case .thresholds(let values, _) = policy { values } else { nil }
        return [
            .string(card.configuration.name), .string(measurement),
            .optional(exit, OutputValue.int), .double(top1), .double(100 - top1), .double(top5),
            .double(100 - top5),
            shares.isEmpty ? .null : .array(shares.map { .double(100 * $0) }), .double(gmacs),
            .optional(times?.imagesPerSecond, OutputValue.double),
            .optional(latency) { latency in
                [
                    "p50": .double(latency.median), "p90": .double(latency.quantile(0.9)),
                    "p99": .double(latency.quantile(0.99)),
                ]
            },
            .optional(latency?.median, OutputValue.double),
            .optional(latency?.quantile(0.9), OutputValue.double),
            .optional(latency?.quantile(0.99), OutputValue.double),
            .int(batchSize), .int(tally.images), .int(unreadable),
            .optional(thresholds) { .array($0.map(OutputValue.float)) },
            .optional(thresholds) { _ in .string(policy?.scoring.criterion.rawValue ?? "") },
            .optional(policy?.scoring.temperatures) { .array($0.map(OutputValue.float)) },
            .int(parameterCount),
            .int(preprocessing.imageSize),
            .double(Double(preprocessing.imageSize) / Double(preprocessing.shorterSide)),
            .string(preprocessing.filter == .bicubic ? "bicubic" : "bilinear"),
            .string(deviceName), .string(precision.rawValue),
        ]
    }

    /// Prints image counts, the most frequent confusions, and exits that differ from the all-exits
    /// run, to standard error.
    func printNotes(_ labels: ClassLabels?, wasInterrupted: Bool) {
        let reason = wasInterrupted ? "not reached or unreadable" : "could not be read"
        printError(
            "\(tally.images) image\(tally.images == 1 ? "" : "s")"
                + (unreadable > 0 ? "; \(unreadable) \(reason)" : ""))
        let confusions = confusionMatrix.confusions.prefix(3).map { cell in
            "\(labels.shownName(cell.label)) as \(labels.shownName(cell.prediction)) (\(cell.images))"
        }
        if !confusions.isEmpty {
            printError("most frequent confusions: \(confusions.joined(separator: ", "))")
        }
        if let differing = early?.differing, differing > 0 {
            printError(
                "note: \(differing) images took another exit than the all-exits run predicts: "
                    + "their \(early?.policy.scoring.criterion.shown ?? "") is within rounding "
                    + "error of a threshold")
        }
    }
}
