import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTSupport

/// The early-exit thresholds of a command.
struct ThresholdOptions: ParsableArguments {
    // Unconditional: a negative number gets the check below, not "missing value".
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Confidence at which an image exits; one per exit but the last, in order.",
            discussion: """
                A single value applies to all exits; a value above 1 disables early exit. Default: \
                the model card's, otherwise 0.8.
                """, valueName: "score"))
    var threshold: [Float] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Row, from 1, of the checkpoint's or the --calibration file's thresholds.",
            valueName: "row"))
    var operatingPoint: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Use the most accurate row with at most this mean cost per image; 15M: 15 MMACs.",
            valueName: "GMACs"))
    var budget: CostArgument?

    @Option(
        help: ArgumentHelp(
            "Thresholds written by `dvt calibrate --output`.",
            discussion: "A file with several rows needs --budget or --operating-point.",
            valueName: "file"),
        completion: .file(extensions: ["json"]))
    var calibration: String?

    func validate() throws {
        guard threshold.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw ValidationError("--threshold takes a number of at least 0.")
        }
        let exclusive = threshold.isEmpty ? names.filter { $0 != "--calibration" } : names
        guard exclusive.count <= 1 else {
            throw ValidationError(
                "\(exclusive[0]) and \(exclusive[1]) are mutually exclusive; give one of them.")
        }
    }

    /// The first given option, or nil.
    var given: String? { names.first }

    private var names: [String] {
        [
            ("--threshold", !threshold.isEmpty), ("--operating-point", operatingPoint != nil),
            ("--budget", budget != nil), ("--calibration", calibration != nil),
        ].filter(\.1).map(\.0)
    }

    /// The requested policy.
    ///
    /// - Parameter model: the model.
    /// - Returns: the policy, or nil without threshold options.
    /// - Throws: ``ModelError/invalidPolicy(reason:)`` if there is no such row, or the error of the
    ///   calibration file.
    func policy(of model: LoadedModel) throws -> ExitPolicy? {
        if operatingPoint != nil || budget != nil || calibration != nil {
            let points = try points(of: model)
            let row = try row(of: points)
            let policy = try points.policy(row: row)
            printError("thresholds: \(points.summary(row: row))")
            return policy
        }
        let stages = model.configuration.stages.count
        return switch threshold.count {
        case 0: nil
        case 1 where stages > 1: .thresholds(Array(repeating: threshold[0], count: stages - 1))
        default: .thresholds(threshold)
        }
    }

    private func row(of points: OperatingPoints) throws -> Int {
        if let operatingPoint { return operatingPoint }
        if let budget { return try points.row(budget: budget.gigaMultiplyAdds) }
        guard points.thresholds.count == 1 else {
            throw CalibrationError.unsuitable(
                origin: calibration ?? "",
                reason: """
                    contains \(points.thresholds.count) operating points; choose one with --budget \
                    or --operating-point
                    """)
        }
        return 1
    }

    private func points(of model: LoadedModel) throws -> OperatingPoints {
        guard let stored = try storedPoints(of: model) else {
            throw ModelError.invalidPolicy(
                reason: """
                    \(given ?? "") requires a checkpoint with thresholds for a range of budgets, \
                    such as the authors'; use --threshold or --calibration
                    """)
        }
        return stored.points
    }

    /// The operating points of `--calibration`, otherwise of the checkpoint.
    ///
    /// - Parameter model: the model.
    /// - Returns: the operating points and their file, or nil if there are none.
    /// - Throws: the file's error.
    func storedPoints(
        of model: LoadedModel
    ) throws -> (points: OperatingPoints, file: String)? {
        if let calibration {
            let read = try Calibration(path: calibration)
            try read.check(model.configuration, origin: calibration)
            return (read.operatingPoints, calibration)
        }
        return try model.operatingPoints().map { ($0, model.weightsName) }
    }
}

extension OperatingPoints {
    /// The thresholds, cost and accuracy of one row.
    /// - Parameter row: the row, from 1.
    /// - Returns: the text.
    fileprivate func summary(row: Int) -> String {
        let values = thresholds[row - 1].dropLast().map { "\($0)" }.joined(separator: ", ")
        let unit = CostUnit(gigaMultiplyAdds ?? [])
        let cost =
            gigaMultiplyAdds.map {
                ", \(unit.text(1e9 * $0[row - 1], decimals: 3)) \(unit.name) per image on average"
            } ?? ""
        let accuracy = accuracies.map { ", accuracy \($0[row - 1]) %" } ?? ""
        let point = "operating point \(row) of \(thresholds.count)\(cost)\(accuracy)"
        return "\(values)\(scoring.shown.map { " of the \($0)" } ?? "") (\(point))"
    }
}
