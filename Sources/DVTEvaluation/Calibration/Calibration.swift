package import DVTModel
import DVTSupport

/// Thresholds calibrated for a model, with their results on held-out images.
///
/// `dvt calibrate` writes this file next to the weights, and `dvt classify` reads it.
package struct Calibration: Equatable, Sendable {
    /// Thresholds and their results.
    package struct Point: Equatable, Sendable {
        /// The authors' budget p, or nil.
        package let budget: Int?
        /// One threshold per exit, including the last.
        package let thresholds: [Float]
        /// The accuracy in percent.
        package let accuracy: Double
        /// The average cost per image in 10^9 multiply-adds.
        package let gigaMultiplyAdds: Double

        /// Creates a point.
        ///
        /// - Parameters:
        ///   - budget: the authors' budget, or nil.
        ///   - thresholds: one per exit.
        ///   - accuracy: the accuracy in percent.
        ///   - gigaMultiplyAdds: the average cost per image.
        package init(
            budget: Int?, thresholds: [Float], accuracy: Double, gigaMultiplyAdds: Double
        ) {
            self.budget = budget
            self.thresholds = thresholds
            self.accuracy = accuracy
            self.gigaMultiplyAdds = gigaMultiplyAdds
        }
    }

    /// The name of the model, or nil if unknown.
    package let model: String?
    /// The score compared with the thresholds.
    package let scoring: ExitScoring
    /// How the thresholds were chosen.
    package let rule: ThresholdRule
    /// The cost of an image that exits at each exit, in 10^9 multiply-adds.
    package let exitGigaMultiplyAdds: [Double]
    /// The points, cheapest first.
    package let points: [Point]

    /// Creates a calibration.
    ///
    /// - Parameters:
    ///   - calibration: the scored outputs.
    ///   - rule: how the thresholds were chosen.
    ///   - choices: the chosen thresholds, which are settled (``ThresholdCalibration/settled(_:)``)
    ///     and evaluated on the held-out images.
    package init(
        _ calibration: ThresholdCalibration, rule: ThresholdRule, choices: [ThresholdChoice]
    ) {
        model = calibration.data.model
        scoring = calibration.scoring
        self.rule = rule
        exitGigaMultiplyAdds = calibration.data.exitGigaMultiplyAdds
        points = choices.map { choice in
            let thresholds = calibration.settled(choice.thresholds)
            let outcome = calibration.evaluate(thresholds)
            return Point(
                budget: choice.budget, thresholds: thresholds, accuracy: outcome.accuracy,
                gigaMultiplyAdds: outcome.cost)
        }
    }

    /// The points as selectable operating points.
    package var operatingPoints: OperatingPoints {
        OperatingPoints(
            thresholds: points.map(\.thresholds), gigaMultiplyAdds: points.map(\.gigaMultiplyAdds),
            accuracies: points.map(\.accuracy), scoring: scoring)
    }

    /// Checks that this calibration was made for a cascade.
    ///
    /// - Parameters:
    ///   - configuration: the cascade.
    ///   - origin: the calibration file, for messages.
    /// - Throws: ``CalibrationError/unsuitable(origin:reason:)`` if the number of exits or the name
    ///   differs.
    package func check(
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
