import DVTCore
import DVTEvaluation

/// Registers the calibration of thresholds on saved outputs: 10,000 images, 10 classes, 3 exits.
func registerCalibration() {
    for rule in ThresholdRule.allCases {
        measure("Calibrate, rule: \(rule.rawValue)", setup: savedOutputs) { data in
            ThresholdCalibration(data).budgets(rule)
        }
    }
}

/// Outputs whose confidence and accuracy increase with the exit.
private func savedOutputs() throws -> CalibrationData {
    let (images, classes) = (10_000, 10)
    let noise = Tensor.uniform([3, images, classes], name: "logits", seed: 1).values
    var probabilities: [Float] = []
    for exit in 0..<3 {
        for image in 0..<images {
            let start = (exit * images + image) * classes
            // The weight of the label increases with the exit.
            let weights = (0..<classes).map { index in
                max(noise[start + index] + 1, 0.001)
                    * (index == image % classes ? Float(2 + 2 * exit) : 1)
            }
            let sum = weights.reduce(0, +)
            probabilities += weights.map { $0 / sum }
        }
    }
    let outputs = try ExitOutputs(
        probabilities: Tensor([3, images, classes], values: probabilities),
        labels: (0..<images).map { $0 % classes }, origin: "benchmark", name: "calibration")
    return try CalibrationData(
        calibration: outputs, test: nil, exitGigaMultiplyAdds: [1.145, 3.652, 8.822],
        origin: "benchmark")
}
