import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTSupport

/// The confidences that let images leave.
struct ThresholdOptions: ParsableArguments {
    // Unconditional: a negative number gets the check below, not "missing value".
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The confidence that lets an image leave; one for every exit but the last, in order.",
            discussion: """
                One alone counts for all of them; 2 lets no image leave. Default: those of the \
                model's card, or else 0.8.
                """))
    var threshold: [Float] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The row, from 1, of the thresholds that the checkpoint holds for many budgets.",
            discussion: "With --calibration, the row of that file.",
            valueName: "row"))
    var operatingPoint: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The most accurate of these rows that costs no more on average.",
            valueName: "GMACs"))
    var budget: Double?

    @Option(
        help: ArgumentHelp(
            "Take the thresholds from this file, which dvt calibrate wrote.",
            discussion: "Where it holds many, --budget or --operating-point chooses.",
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
                "\(exclusive[0]) and \(exclusive[1]) contradict each other; give one of them.")
        }
    }

    /// An option that was given, or nil.
    var given: String? { names.first }

    private var names: [String] {
        [
            ("--threshold", !threshold.isEmpty), ("--operating-point", operatingPoint != nil),
            ("--budget", budget != nil), ("--calibration", calibration != nil),
        ].filter(\.1).map(\.0)
    }

    /// The policy that was asked for.
    ///
    /// - Parameter model: the model.
    /// - Returns: the policy, or nil where none was asked for.
    /// - Throws: ``ModelError/invalidPolicy(reason:)`` if there is no such row, or the error of the
    ///   calibration's file.
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
        if let budget { return try points.row(budget: budget) }
        guard points.thresholds.count == 1 else {
            throw CalibrationError.unsuitable(
                origin: calibration ?? "",
                reason: """
                    holds \(points.thresholds.count) operating points; choose one by --budget or \
                    --operating-point
                    """)
        }
        return 1
    }

    private func points(of model: LoadedModel) throws -> OperatingPoints {
        guard let stored = try storedPoints(of: model) else {
            throw ModelError.invalidPolicy(
                reason: """
                    \(given ?? "") needs a checkpoint that holds thresholds for many budgets, as \
                    the authors' do; give --threshold or --calibration
                    """)
        }
        return stored.points
    }

    /// Thresholds for many budgets: those of `--calibration`, or else of the checkpoint.
    ///
    /// - Parameter model: the model.
    /// - Returns: the rows and their file, or nil where there are none.
    /// - Throws: the error of the file.
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
    /// One row for people: its thresholds, its cost and its accuracy.
    ///
    /// - Parameter row: the row, from 1.
    /// - Returns: the text.
    fileprivate func summary(row: Int) -> String {
        let values = thresholds[row - 1].dropLast().map { "\($0)" }.joined(separator: ", ")
        let cost = gigaMultiplyAdds.map { ", \($0[row - 1]) GMACs an image on average" } ?? ""
        let accuracy = accuracies.map { ", accuracy \($0[row - 1]) %" } ?? ""
        let point = "operating point \(row) of \(thresholds.count)\(cost)\(accuracy)"
        return "\(values)\(scoring.shown.map { " of the \($0)" } ?? "") (\(point))"
    }
}

extension ExitCriterion {
    /// What it is called to people.
    var shown: String { self == .entropy ? "entropy score" : rawValue }
}

extension ExitScoring {
    /// What it is for people, or nil for the plain confidence.
    var shown: String? {
        guard self != ExitScoring() else { return nil }
        let scale = temperatures.map {
            " at temperatures \($0.map { "\($0)" }.joined(separator: ", "))"
        }
        return criterion.shown + (scale ?? "")
    }
}
