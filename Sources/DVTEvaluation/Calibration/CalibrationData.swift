import DVTCheckpoints
internal import DVTCore

/// Saved outputs of a cascade, on which thresholds are calibrated and tested, and the cost of each
/// exit.
public struct CalibrationData: Equatable, Sendable {
    /// The outputs on which thresholds are chosen.
    package let calibration: ExitOutputs
    /// The outputs on which they are tested, or nil if none were held out.
    package let test: ExitOutputs?
    /// The cost of an image that exits at each stage, 10^9 multiply-adds.
    package let exitGigaMultiplyAdds: [Double]
    /// The model's name, or nil if unknown.
    package let model: String?

    private static let modelKey = "model"
    private static let costsKey = "gflops"

    /// Creates data from outputs, which must be of one model.
    ///
    /// - Parameters:
    ///   - calibration: the outputs on which thresholds are chosen.
    ///   - test: the outputs on which they are tested, or nil.
    ///   - exitGigaMultiplyAdds: the cost of an image that exits at each stage, increasing.
    ///   - model: the model's name, or nil.
    ///   - origin: the file, for messages.
    /// - Throws: ``CalibrationError/invalidOutputs(origin:reason:)`` if the numbers of exits or
    ///   classes differ, there are fewer than two exits, or the costs do not increase.
    public init(
        calibration: ExitOutputs, test: ExitOutputs?, exitGigaMultiplyAdds: [Double],
        model: String? = nil, origin: String
    ) throws(CalibrationError) {
        func require(_ condition: Bool, _ reason: String) throws(CalibrationError) {
            guard condition else { throw .invalidOutputs(origin: origin, reason: reason) }
        }
        let exits = calibration.exits
        try require(exits >= 2, "has one exit, and thresholds choose between at least two")
        if let test {
            try require(
                test.exits == exits && test.classes == calibration.classes,
                """
                test_probabilities has \(test.exits) exits and \(test.classes) classes, and \
                calibration_probabilities \(exits) and \(calibration.classes); they must agree
                """)
        }
        try Self.checkCosts(
            exitGigaMultiplyAdds, exits: exits, name: Self.costsKey, origin: origin)
        self.calibration = calibration
        self.test = test
        self.exitGigaMultiplyAdds = exitGigaMultiplyAdds
        self.model = model
    }

    /// Checks the costs of the exits.
    ///
    /// - Parameters:
    ///   - costs: one number per exit.
    ///   - exits: the number of exits.
    ///   - name: the name of the numbers in messages.
    ///   - origin: the file.
    /// - Throws: ``CalibrationError/invalidOutputs(origin:reason:)`` if they are not `exits`
    ///   increasing numbers above 0.
    package static func checkCosts(
        _ costs: [Double], exits: Int, name: String, origin: String
    ) throws(CalibrationError) {
        let increases = zip([0] + costs, costs).allSatisfy { $0 < $1 }
        guard costs.count == exits, increases, costs.last?.isFinite == true else {
            throw .invalidOutputs(
                origin: origin,
                reason: """
                    \(name) is \(costs.map { "\(Float($0))" }.joined(separator: ", ")); give \
                    \(exits) increasing numbers above 0: the cost of an image for each exit
                    """)
        }
    }
}

extension CalibrationData {
    /// Reads saved outputs.
    ///
    /// The tensors are `calibration_probabilities` `[K, n, C]` and `calibration_labels` `[n]`,
    /// optionally `test_probabilities` and `test_labels` for held-out images, and cumulative
    /// `gflops` `[K]`. The metadata may name the `model`. Labels are I32, I64 or whole numbers as
    /// F32.
    ///
    /// - Parameter path: a safetensors file.
    /// - Throws: the file's error, or ``CalibrationError/invalidOutputs(origin:reason:)``.
    public init(path: String) throws {
        let file = try SafetensorsFile(path: path)
        let hasTest = file.shapes["test_probabilities"] != nil
        let needed = (hasTest ? ["calibration", "test"] : ["calibration"]).flatMap {
            ["\($0)_probabilities", "\($0)_labels"]
        }
        for name in needed + [Self.costsKey] where file.shapes[name] == nil {
            throw CalibrationError.invalidOutputs(
                origin: path,
                reason: "has no tensor \(name); give the saved outputs of every exit")
        }
        let costs = try file.tensor(named: Self.costsKey)
        try self.init(
            calibration: Self.outputs(named: "calibration", in: file),
            test: hasTest ? Self.outputs(named: "test", in: file) : nil,
            // Through the shortest decimal: the float32 nearest to 1.145 becomes 1.145 again.
            exitGigaMultiplyAdds: costs.values.map { Double("\($0)") ?? Double($0) },
            model: file.metadata[Self.modelKey], origin: path)
    }

    /// Writes a file for ``init(path:)`` atomically.
    ///
    /// - Parameter path: the file to create or replace.
    /// - Throws: `FileError` if the system fails to write.
    package func write(to path: String) throws {
        let parts = [("calibration", calibration)] + (test.map { [("test", $0)] } ?? [])
        let costs = exitGigaMultiplyAdds.map { Float($0) }
        try SafetensorsWriter.write(
            parts.map { ("\($0)_probabilities", $1.probabilities) }
                + [(Self.costsKey, Tensor([costs.count], values: costs))],
            integers: parts.map { ("\($0)_labels", $1.labels.map { Int32($0) }) },
            metadata: model.map { [Self.modelKey: $0] } ?? [:], to: path)
    }

    private static func outputs(named name: String, in file: SafetensorsFile) throws -> ExitOutputs
    {
        try ExitOutputs(
            probabilities: file.tensor(named: "\(name)_probabilities"),
            labels: labels(named: "\(name)_labels", in: file), origin: file.origin, name: name)
    }

    private static func labels(named name: String, in file: SafetensorsFile) throws -> [Int] {
        guard try file.dtype(named: name) == .float32 else {
            return try file.integers(named: name)
        }
        return try file.tensor(named: name).values.map {
            guard let label = Int(exactly: $0) else {
                throw CalibrationError.invalidOutputs(
                    origin: file.origin, reason: "\(name) has \($0); give whole numbers from 0")
            }
            return label
        }
    }
}
