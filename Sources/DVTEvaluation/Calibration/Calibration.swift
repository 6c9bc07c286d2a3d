internal import DVTCore
public import DVTModel
import DVTSupport

/// Thresholds that were chosen for a model, with what they did to images that were held out: the
/// file that `dvt calibrate` writes beside the weights and `dvt classify` reads.
public struct Calibration: Equatable, Sendable {
    /// Thresholds and what they do.
    public struct Point: Equatable, Sendable {
        /// The authors' budget p that it belongs to, or nil.
        public let budget: Int?
        /// One threshold for every exit, the last one's included.
        public let thresholds: [Float]
        /// The accuracy, percent.
        public let accuracy: Double
        /// What an image costs on average, 10^9 multiply-adds.
        public let gigaMultiplyAdds: Double

        /// Creates a point.
        ///
        /// - Parameters:
        ///   - budget: the authors' budget, or nil.
        ///   - thresholds: one for every exit.
        ///   - accuracy: percent.
        ///   - gigaMultiplyAdds: the average of an image.
        public init(
            budget: Int?, thresholds: [Float], accuracy: Double, gigaMultiplyAdds: Double
        ) {
            self.budget = budget
            self.thresholds = thresholds
            self.accuracy = accuracy
            self.gigaMultiplyAdds = gigaMultiplyAdds
        }
    }

    /// The model's name, or nil where nobody said.
    public let model: String?
    /// What is compared with thresholds.
    public let scoring: ExitScoring
    /// How the thresholds were chosen.
    public let rule: ThresholdRule
    /// What an image that leaves at each exit costs, 10^9 multiply-adds.
    public let exitGigaMultiplyAdds: [Double]
    /// The points, cheapest first.
    public let points: [Point]

    /// Creates a calibration.
    ///
    /// - Parameters:
    ///   - calibration: the scored outputs.
    ///   - rule: how the thresholds were chosen.
    ///   - choices: the thresholds, which are settled
    ///     (``ThresholdCalibration/settled(_:)``) and judged on the images that were held out.
    public init(
        _ calibration: ThresholdCalibration, rule: ThresholdRule, choices: [ThresholdChoice]
    ) {
        model = calibration.data.model
        scoring = calibration.scoring
        self.rule = rule
        exitGigaMultiplyAdds = calibration.data.exitGigaMultiplyAdds
        points = choices.map { choice in
            let thresholds = calibration.settled(choice.thresholds)
            let outcome = calibration.judge(thresholds)
            return Point(
                budget: choice.budget, thresholds: thresholds, accuracy: outcome.accuracy,
                gigaMultiplyAdds: outcome.cost)
        }
    }

    /// The points as rows to choose from.
    public var operatingPoints: OperatingPoints {
        OperatingPoints(
            thresholds: points.map(\.thresholds), gigaMultiplyAdds: points.map(\.gigaMultiplyAdds),
            accuracies: points.map(\.accuracy), scoring: scoring)
    }

    /// Checks that a cascade is the one that this calibration is for.
    ///
    /// - Parameters:
    ///   - configuration: the cascade.
    ///   - origin: the calibration's file, for messages.
    /// - Throws: ``CalibrationError/unsuitable(origin:reason:)`` if it has another number of exits
    ///   or another name.
    public func check(
        _ configuration: CascadeConfiguration, origin: String
    ) throws(CalibrationError) {
        func require(_ condition: Bool, _ reason: String) throws(CalibrationError) {
            guard condition else { throw .unsuitable(origin: origin, reason: reason) }
        }
        let (exits, stages) = (exitGigaMultiplyAdds.count, configuration.stages.count)
        try require(
            exits == stages,
            "was made for \(exits) exits, and the model has \(stages); calibrate this model")
        try require(
            model == nil || model == configuration.name,
            """
            was made for the model \(quoted(model ?? "")), and this is \
            \(quoted(configuration.name)); calibrate this model
            """)
    }
}
