import DVTCheckpoints
internal import DVTCore

/// Saved outputs of a cascade: what thresholds are chosen on, what they are judged on, and what
/// each exit costs.
public struct CalibrationData: Equatable, Sendable {
    /// What thresholds are chosen on.
    public let calibration: ExitOutputs
    /// What they are judged on, or nil where nothing was held out.
    public let test: ExitOutputs?
    /// What an image that leaves at each exit has cost, 10^9 multiply-adds.
    public let exitGigaMultiplyAdds: [Double]
    /// The model's name, or nil where nobody said.
    public let model: String?

    private static let modelKey = "model"
    private static let costsKey = "gflops"

    /// Takes saved outputs after checking that they are of one model.
    ///
    /// - Parameters:
    ///   - calibration: what thresholds are chosen on.
    ///   - test: what they are judged on, or nil.
    ///   - exitGigaMultiplyAdds: what an image that leaves at each exit has cost, increasing.
    ///   - model: the model's name, or nil.
    ///   - origin: where they come from, for messages: a path.
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

    /// Checks what the exits cost.
    ///
    /// - Parameters:
    ///   - costs: one number an exit.
    ///   - exits: the number of exits.
    ///   - name: what messages call the numbers.
    ///   - origin: the file.
    /// - Throws: ``CalibrationError/invalidOutputs(origin:reason:)`` if they do not increase from
    ///   above 0, or there are too many or too few.
    package static func checkCosts(
        _ costs: [Double], exits: Int, name: String, origin: String
    ) throws(CalibrationError) {
        let increases = zip([0] + costs, costs).allSatisfy { $0 < $1 }
        guard costs.count == exits, increases, costs.last?.isFinite == true else {
            throw .invalidOutputs(
                origin: origin,
                reason: """
                    \(name) is \(costs.map { "\(Float($0))" }.joined(separator: ", ")); give \
                    \(exits) increasing numbers above 0: what an image costs that leaves at each exit
                    """)
        }
    }
}

extension CalibrationData {
    /// Reads saved outputs.
    ///
    /// The tensors are `calibration_probabilities` `[K, n, C]`, `calibration_labels` `[n]`, the
    /// same two of `test` where something was held out, and `gflops` `[K]`, cumulative; the
    /// metadata may name the `model`. Labels are I32, I64 or whole numbers as F32.
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
            // 1.145 is stored as a float32 near it, and is 1.145 again.
            exitGigaMultiplyAdds: costs.values.map { Double("\($0)") ?? Double($0) },
            model: file.metadata[Self.modelKey], origin: path)
    }

    /// Writes them as ``init(path:)`` reads them, whole or not at all.
    ///
    /// - Parameter path: the file to create or replace.
    /// - Throws: ``/DVTCheckpoints/FileError`` if the system fails to write.
    public func write(to path: String) throws {
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
