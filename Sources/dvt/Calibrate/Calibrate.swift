import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTSupport

struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Choose early-exit thresholds on labeled images.",
        discussion: """
            Examples:
              dvt calibrate --weights dvt.safetensors val/ --output thresholds.json
              dvt calibrate --weights dvt.safetensors val/ --rule optimal --latency-ms 12
              dvt calibrate --from outputs.safetensors
              dvt calibrate --from outputs.safetensors --rule optimal --target-accuracy 79
              dvt calibrate --from outputs.safetensors --latency-ms 12 --exit-ms 4.5,11,28

            The model runs all exits on the images and keeps the outputs in memory. For a large \
            set, save the outputs with `dvt evaluate --save-outputs` and pass them with --from. \
            Thresholds are chosen on the calibration part and evaluated on the held-out test part. \
            One row is printed for each of the authors' 59 budgets, those with equal thresholds \
            once; a target's row is marked, and only it is saved.
            """)

    @OptionGroup var outputsOptions: OutputsOptions

    @Option(help: "The score compared with the thresholds.")
    var criterion = ExitCriterion.confidence

    @Option(
        help: ArgumentHelp(
            "The rule that chooses thresholds.",
            discussion: """
                geometric: the authors' rule. optimal: the highest expected accuracy at each cost.
                """))
    var rule = ThresholdRule.geometric

    @OptionGroup var target: TargetOptions

    @Flag(
        help: ArgumentHelp(
            "Fit a temperature for each exit and report the calibration errors.",
            discussion: "The thresholds then apply to the scaled outputs."))
    var temperatureScaling = false

    @Option(
        help: ArgumentHelp("Save the thresholds, for --calibration.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var output: String?

    @OptionGroup var outputOptions: OutputOptions

    func validate() throws {
        guard outputsOptions.from == nil || target.latencyMs == nil || target.exitMs != nil else {
            throw ValidationError("With --from, --latency-ms requires --exit-ms.")
        }
    }

    func run() throws {
        let outputs = try outputsOptions.load(for: output)
        let (data, times) = (outputs.data, try target.exitTimes(for: outputs))
        let scaling = temperatureScaling ? TemperatureScaling(fitting: data.calibration) : nil
        let scoring = ExitScoring(
            criterion: criterion, temperatures: scaling?.temperatures.map { Float($0) })
        let run = ThresholdCalibration(data, scoring: scoring)
        let choice = try target.choice(of: run, rule: rule, times: times)
        let budgets = run.budgets(rule, costs: target.costs(times))
        let choices = choice.map { [$0] } ?? budgets
        let calibration = Calibration(run, rule: rule, choices: choices)
        try print(
            CalibrationRows(
                Calibration(run, rule: rule, choices: budgets),
                chosen: choice == nil ? nil : calibration.points.first), of: run, times: times)
        printJudgment(of: run, choices: choices, origin: outputs.origin)
        if let scaling { printErrors(scaling, on: data.test ?? data.calibration) }
        if let output {
            try calibration.write(to: output)
            let points = calibration.points.count
            printError("\(shown(output)): \(points) operating point\(points == 1 ? "" : "s")")
        }
    }

    private func print(
        _ rows: CalibrationRows, of run: ThresholdCalibration, times: [Double]?
    ) throws {
        let columns = Self.columns(
            CostUnit(run.data.exitGigaMultiplyAdds),
            hasTimes: times != nil, hasTarget: rows.chosen != nil)
        try outputOptions.withWriter(columns, jsonKey: "budgets") { writer in
            for point in rows.points {
                let shares = run.evaluate(point.thresholds).shares
                let time = times.map { zip(shares, $0).reduce(0) { $0 + $1.0 * $1.1 } }
                try writer.write(
                    [
                        .optional(point.budget, OutputValue.int),
                        .array(point.thresholds.map(OutputValue.float)), .double(point.accuracy),
                        .double(point.gigaMultiplyAdds),
                    ] + (time.map { [.double($0)] } ?? []) + [
                        .array(shares.map { .double(100 * $0) })
                    ] + (rows.chosen.map { [.bool($0.thresholds == point.thresholds)] } ?? []))
            }
        }
        if rows.distinct < rows.budgets {
            printError(
                """
                \(rows.budgets) budgets give \(rows.distinct) different thresholds; p is the first \
                budget that gives a row's
                """)
        }
    }

    private static func columns(
        _ unit: CostUnit, hasTimes: Bool, hasTarget: Bool
    ) -> [OutputColumn] {
        [
            .number("p", title: "p"),
            OutputColumn(
                "thresholds", title: "Thresholds", decimals: 4, forPeople: shownThresholds),
            .number("accuracy", title: "Accuracy, %"), unit.gigaColumn("gflops"),
        ] + (hasTimes ? [.number("ms", title: "ms/image", decimals: 3)] : []) + [
            OutputColumn("shares", title: "Exit shares, %", decimals: 1, audience: .people)
        ] + (hasTarget ? [OutputColumn("chosen", title: "Chosen", forPeople: mark)] : [])
    }

    /// Marks the chosen row only.
    @Sendable private static func mark(_ value: OutputValue) -> OutputValue {
        if case .bool(true) = value { "<--" } else { "" }
    }

    /// All but the last exit's threshold; `none` for a threshold above 1, which no image reaches.
    @Sendable private static func shownThresholds(_ value: OutputValue) -> OutputValue {
        guard case .array(let thresholds) = value else { return value }
        return .array(
            thresholds.dropLast().map { threshold in
                if case .double(let number) = threshold, number > 1 { "none" } else { threshold }
            })
    }

    private func printJudgment(
        of run: ThresholdCalibration, choices: [ThresholdChoice], origin: String
    ) {
        guard let test = run.data.test else {
            printError(
                """
                warning: \(shown(origin)) has no test part; accuracies are measured on the images \
                the thresholds were chosen on and are optimistic
                """)
            return
        }
        printError(
            """
            thresholds chosen on \(run.data.calibration.images) images, evaluated on \
            \(test.images) held-out images
            """)
        let gains = rule == .optimal ? run.gains(of: choices) : []
        guard let least = gains.min(), let most = gains.max() else { return }
        let mean = gains.reduce(0, +) / Double(gains.count)
        printError(
            """
            compared with the authors' rule at equal cost: \(signed(mean)) percentage points of \
            accuracy\
            \(gains.count > 1 ? " on average, \(signed(least)) to \(signed(most))" : "")
            """)
    }

    private func printErrors(_ scaling: TemperatureScaling, on outputs: ExitOutputs) {
        let before = ExitReliability.all(outputs)
        let after = scaling.reliabilities(of: outputs)
        for exit in before.indices {
            func change(_ number: KeyPath<ExitReliability, Double>, decimals: Int) -> String {
                [before, after].map { decimalText($0[exit][keyPath: number], decimals: decimals) }
                    .joined(separator: " -> ")
            }
            printError(
                """
                exit \(exit + 1): temperature \
                \(decimalText(scaling.temperatures[exit], decimals: 3)); expected calibration \
                error \(change(\.expectedCalibrationError, decimals: 4)), negative log-likelihood \
                \(change(\.negativeLogLikelihood, decimals: 4))
                """)
        }
    }

    private func signed(_ number: Double) -> String {
        (number < 0 ? "-" : "+") + decimalText(abs(number))
    }
}

extension ExitCriterion: ExpressibleByArgument {}
extension ThresholdRule: ExpressibleByArgument {}
