import ArgumentParser
import DVTEvaluation

/// The accuracy, cost or latency target of the thresholds.
struct TargetOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Target accuracy, at the lowest cost.", valueName: "percent"))
    var targetAccuracy: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most percentage points of accuracy below the last exit's, at the lowest cost.",
            valueName: "points"))
    var maxDrop: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Target mean cost per image, at the highest accuracy; 15M: 15 MMACs.",
            valueName: "GMACs"))
    var budget: CostArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Target mean latency per image, at the highest accuracy.", valueName: "ms"))
    var latencyMs: Double?

    @Option(
        help: ArgumentHelp(
            "Time per image from the start to each exit, for --latency-ms.",
            discussion: "Default: measured on the images; required with --from.",
            valueName: "a,b,c"))
    var exitMs: TimesArgument?

    func validate() throws {
        let given = [
            ("--target-accuracy", targetAccuracy), ("--max-drop", maxDrop),
            ("--budget", budget?.gigaMultiplyAdds),
            ("--latency-ms", latencyMs),
        ].filter { $0.1 != nil }
        guard given.count <= 1 else {
            throw ValidationError(
                "\(given[0].0) and \(given[1].0) are mutually exclusive; give one of them.")
        }
        guard given.allSatisfy({ ($0.1 ?? 0).isFinite }) else {
            throw ValidationError("\(given[0].0) takes a number.")
        }
        guard exitMs == nil || latencyMs != nil else {
            throw ValidationError("--exit-ms requires --latency-ms.")
        }
    }

    /// The time per image that exits at each exit.
    ///
    /// - Parameter outputs: the outputs to choose thresholds on.
    /// - Returns: milliseconds given by `--exit-ms`, or measured, or nil.
    /// - Throws: ``CalibrationError`` if they do not increase or do not match the exits.
    func exitTimes(for outputs: LoadedOutputs) throws -> [Double]? {
        guard let times = exitMs?.times ?? outputs.exitMilliseconds else { return nil }
        try CalibrationData.checkCosts(
            times, exits: outputs.data.exitGigaMultiplyAdds.count,
            name: exitMs == nil ? "the measured time" : "--exit-ms", origin: outputs.origin)
        return times
    }

    /// The thresholds for the target.
    ///
    /// - Parameters:
    ///   - run: the scored outputs.
    ///   - rule: the threshold rule.
    ///   - times: the time per image that exits at each exit, for a latency target.
    /// - Returns: the choice, or nil without a target.
    /// - Throws: ``CalibrationError/unreachable(reason:)`` if the target cannot be reached.
    func choice(
        of run: ThresholdCalibration, rule: ThresholdRule, times: [Double]?
    ) throws -> ThresholdChoice? {
        guard let target = target(of: run) else { return nil }
        let costs = costs(times)
        let choice = try run.choice(
            for: target, rule, costs: costs, unit: costs == nil ? "GMACs" : "ms")
        let unit = CostUnit(run.data.exitGigaMultiplyAdds)
        let cost =
            costs == nil
            ? "\(unit.text(1e9 * choice.cost, decimals: 3)) \(unit.name)"
            : "\(decimalText(choice.cost, decimals: 3)) ms"
        printError(
            """
            chosen: accuracy \(decimalText(choice.accuracy)) % at \(cost) on the calibration images
            """)
        return choice
    }

    /// The costs that a target limits: times, or nil for multiply-adds.
    func costs(_ times: [Double]?) -> [Double]? { latencyMs == nil ? nil : times }

    private func target(of run: ThresholdCalibration) -> OperatingTarget? {
        if let targetAccuracy { return .accuracy(targetAccuracy) }
        // Below the last digit of a percentage of any number of images.
        if let maxDrop { return .accuracy(run.lastExitAccuracy - maxDrop - 1e-9) }
        return (budget?.gigaMultiplyAdds ?? latencyMs).map(OperatingTarget.cost)
    }
}

/// A comma-separated list of times, such as `4.5,11,28`.
struct TimesArgument: ExpressibleByArgument {
    let times: [Double]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let times = parts.compactMap { Double($0) }
        guard times.count == parts.count else { return nil }
        self.times = times
    }
}
