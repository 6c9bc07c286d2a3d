import ArgumentParser
import DVTEvaluation

/// What is asked of thresholds.
struct TargetOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The accuracy to reach, as cheaply as possible.", valueName: "percent"))
    var targetAccuracy: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "What an image may cost on average, as accurately as possible.", valueName: "GMACs"))
    var budget: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The time an image may take on average, as accurately as possible.", valueName: "ms"))
    var latencyMs: Double?

    @Option(
        help: ArgumentHelp(
            "The time of an image that leaves at each exit, from the start; for --latency-ms.",
            discussion: "Default, where images are run: as measured in that run.",
            valueName: "a,b,c"))
    var exitMs: TimesArgument?

    func validate() throws {
        let given = [
            ("--target-accuracy", targetAccuracy), ("--budget", budget),
            ("--latency-ms", latencyMs),
        ].filter { $0.1 != nil }
        guard given.count <= 1 else {
            throw ValidationError(
                "\(given[0].0) and \(given[1].0) contradict each other; give one of them.")
        }
        guard given.allSatisfy({ ($0.1 ?? 0).isFinite }) else {
            throw ValidationError("\(given[0].0) takes a number.")
        }
        guard exitMs == nil || latencyMs != nil else {
            throw ValidationError("--exit-ms belongs to --latency-ms; give both.")
        }
    }

    /// The time of an image that leaves at each exit, where it is known.
    ///
    /// - Parameter outputs: what thresholds are chosen on.
    /// - Returns: milliseconds that were given, or else measured, or nil.
    /// - Throws: ``CalibrationError`` if they do not increase, or are too many or too few.
    func exitTimes(for outputs: LoadedOutputs) throws -> [Double]? {
        guard let times = exitMs?.times ?? outputs.exitMilliseconds else { return nil }
        try CalibrationData.checkCosts(
            times, exits: outputs.data.exitGigaMultiplyAdds.count,
            name: exitMs == nil ? "the measured time" : "--exit-ms", origin: outputs.origin)
        return times
    }

    /// The thresholds that were asked for, or those of all budgets.
    ///
    /// - Parameters:
    ///   - run: the scored outputs.
    ///   - rule: how thresholds are chosen.
    ///   - times: the time of an image that leaves at each exit, for a latency.
    /// - Returns: the choices.
    /// - Throws: ``CalibrationError/unreachable(reason:)`` if a target cannot be reached.
    func choices(
        of run: ThresholdCalibration, rule: ThresholdRule, times: [Double]?
    ) throws -> [ThresholdChoice] {
        guard let target else { return run.budgets(rule) }
        let (costs, unit) = latencyMs == nil ? (nil, "GMACs") : (times, "ms")
        let choice = try run.choice(for: target, rule, costs: costs, unit: unit)
        printError(
            """
            chosen: accuracy \(decimalText(choice.accuracy)) % at \
            \(decimalText(choice.cost, decimals: 3)) \(unit) on the calibration images
            """)
        return [choice]
    }

    private var target: OperatingTarget? {
        if let targetAccuracy { return .accuracy(targetAccuracy) }
        return (budget ?? latencyMs).map(OperatingTarget.cost)
    }
}

/// Times that commas part: `4.5,11,28`.
struct TimesArgument: ExpressibleByArgument {
    let times: [Double]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let times = parts.compactMap { Double($0) }
        guard times.count == parts.count else { return nil }
        self.times = times
    }
}
