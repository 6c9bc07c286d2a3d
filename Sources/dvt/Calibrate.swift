import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput

struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Choose the thresholds at which images leave, on saved outputs.",
        discussion: """
            Examples:
              dvt calibrate --from outputs.safetensors
              dvt calibrate --from outputs.safetensors --output thresholds.json
              dvt calibrate --from outputs.safetensors --rule optimal --target-accuracy 79
              dvt calibrate --from outputs.safetensors --latency-ms 12 --exit-ms 4.5,11,28

            The outputs are softmax outputs of every exit for labelled images, as safetensors. \
            Thresholds are chosen on its calibration part and judged on its test part. Without a \
            target there is a row for each of the authors' 59 budgets.
            """)

    @Option(
        help: ArgumentHelp("The saved outputs.", valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var from: String

    @Option(help: "What is compared with a threshold: confidence, margin or entropy.")
    var criterion = ExitCriterion.confidence

    @Option(
        help: ArgumentHelp(
            "How thresholds are chosen: geometric, the authors' rule, or optimal.",
            discussion: "Optimal: the highest expected accuracy at each cost."))
    var rule = ThresholdRule.geometric

    @OptionGroup var target: TargetOptions

    @Flag(
        help: ArgumentHelp(
            "Fit a temperature for each exit, and tell the calibration errors.",
            discussion: "Thresholds are then for outputs scaled by it."))
    var temperature = false

    @Option(
        help: ArgumentHelp("Write the thresholds here, for --calibration.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var output: String?

    @OptionGroup var outputOptions: OutputOptions

    func run() throws {
        let data = try CalibrationData(path: from)
        try target.check(exits: data.exitGigaMultiplyAdds.count, origin: from)
        let scaling = temperature ? TemperatureScaling(fitting: data.calibration) : nil
        let scoring = ExitScoring(
            criterion: criterion, temperatures: scaling?.temperatures.map { Float($0) })
        let run = ThresholdCalibration(data, scoring: scoring)
        let choices = try target.choices(of: run, rule: rule)
        let calibration = Calibration(run, rule: rule, choices: choices)
        try print(calibration, of: run)
        printJudgement(of: run, choices: choices)
        if let scaling { printErrors(scaling, on: data.test ?? data.calibration) }
        if let output {
            try calibration.write(to: output)
            let points = calibration.points.count
            printError("\(shown(output)): \(points) operating point\(points == 1 ? "" : "s")")
        }
    }

    private func print(_ calibration: Calibration, of run: ThresholdCalibration) throws {
        try outputOptions.withWriter(Self.columns, jsonKey: "budgets") { writer in
            for point in calibration.points {
                let shares = run.judge(point.thresholds).shares
                try writer.write([
                    .optional(point.budget, OutputValue.int),
                    .array(point.thresholds.map(OutputValue.float)), .double(point.accuracy),
                    .double(point.gigaMultiplyAdds),
                    .array(shares.map { .double(100 * $0) }),
                ])
            }
        }
    }

    private static let columns: [OutputColumn] = [
        .number("p", title: "p"),
        OutputColumn("thresholds", title: "Thresholds", decimals: 4, forPeople: shownThresholds),
        .number("accuracy", title: "Accuracy, %"),
        .number("gflops", title: "GMACs", decimals: 3),
        OutputColumn("shares", title: "Leave at each exit, %", decimals: 1, audience: .people),
    ]

    /// Without the last exit's, and a word for those that no image reaches.
    @Sendable private static func shownThresholds(_ value: OutputValue) -> OutputValue {
        guard case .array(let thresholds) = value else { return value }
        return .array(
            thresholds.dropLast().map { threshold in
                if case .double(let number) = threshold, number > 1 { "none" } else { threshold }
            })
    }

    private func printJudgement(of run: ThresholdCalibration, choices: [ThresholdChoice]) {
        guard let test = run.data.test else {
            printError(
                """
                warning: \(shown(from)) has no test part, so accuracies are of the images that \
                thresholds were chosen on, which flatters them
                """)
            return
        }
        printError(
            "judged on \(test.images) images, chosen on \(run.data.calibration.images) others")
        let gains = rule == .optimal ? run.gains(of: choices) : []
        guard let least = gains.min(), let most = gains.max() else { return }
        let mean = gains.reduce(0, +) / Double(gains.count)
        printError(
            """
            against the authors' rule at equal cost: \(signed(mean)) points of accuracy\
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
