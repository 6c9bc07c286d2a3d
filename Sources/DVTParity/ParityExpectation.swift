package import DVTCore

/// The expected outputs of a backend and their tolerances.
package struct ParityExpectation {
    /// The default float32 errors of tensors without a measured one: the largest distance of
    /// PyTorch's float32 from its float64 results over the released and toy models is 1.2e-6 for
    /// logits and 1.7e-6 for intermediates.
    package static let usualYardsticks = (logits: 1.2e-6, layers: 1.7e-6)

    /// The accepted error relative to another implementation's float32 run: the two errors add up.
    ///
    /// On the logits of the MindSpore models, float64 sums differ by up to 0.9e-6 and float32 sums
    /// by 1.3e-6.
    package static let float32Limits = (double: 1.5e-6, float32: 4e-6)

    private let origin: String
    /// The relative rounding of the weights compared with those behind the expected outputs.
    private let weightRoundoff: Double
    /// Whether the expected outputs were computed with float32 sums.
    private let isFloat32: Bool
    private let tensor: (String) throws -> Tensor?
    private let yardstick: (String) -> Double?

    /// Expects the outputs of another backend.
    ///
    /// - Parameter outputs: the outputs of the reference.
    package init(_ outputs: ParityOutputs) {
        origin = outputs.deviceName
        isFloat32 = false
        weightRoundoff = 0
        let tensors = Dictionary(uniqueKeysWithValues: outputs.tensors.map { ($0.name, $0.tensor) })
        tensor = { tensors[$0] }
        yardstick = { _ in nil }
    }

    /// Expects the tensors of a file.
    ///
    /// Entries `NAME.float32_relative_l2` give the float32 error of each tensor. If the entry
    /// `precision` is `float32`, the tensors themselves have float32 errors.
    ///
    /// - Parameters:
    ///   - file: the open file.
    ///   - weightRoundoff: the relative rounding of stored weights, if they differ from those
    ///     behind the file's tensors: half a unit in the last place of a 16-bit type.
    package init(_ file: any NamedTensors, weightRoundoff: Double = 0) {
        self.weightRoundoff = weightRoundoff
        origin = file.origin
        isFloat32 = file.metadata["precision"] == "float32"
        tensor = { file.shapes[$0] == nil ? nil : try file.tensor(named: $0) }
        yardstick = { file.metadata["\($0).float32_relative_l2"].flatMap(Double.init) }
    }

    /// Compares outputs tensor by tensor.
    ///
    /// - Parameters:
    ///   - outputs: the outputs of a backend.
    ///   - sums: the precision of the backend's sums, which sets the tolerance.
    /// - Returns: one comparison per tensor.
    /// - Throws: ``ParityError/missing(name:origin:)`` if a tensor has no counterpart,
    ///   ``/DVTCore/ShapeError`` if shapes differ, or the file's error.
    package func compare(
        _ outputs: ParityOutputs, sums: SumPrecision
    ) throws -> [ParityComparison] {
        try outputs.tensors.map { name, actual in
            guard let expected = try tensor(name) else {
                throw ParityError.missing(name: name, origin: origin)
            }
            return ParityComparison(
                deviceName: outputs.deviceName, name: name,
                distance: try Distance(actual, from: expected),
                tolerance: tolerance(of: name, sums: sums))
        }
    }

    private func tolerance(of name: String, sums: SumPrecision) -> Double {
        if let limit = sums.limit(isLogits: name.hasPrefix("logits")) { return limit }
        // Rounded weights changed the toy models' logits by up to twice the relative rounding in
        // total.
        let weightError = 4 * weightRoundoff
        if isFloat32 {
            let limit = sums == .double ? Self.float32Limits.double : Self.float32Limits.float32
            return limit + weightError
        }
        let usual =
            name.hasPrefix("logits") ? Self.usualYardsticks.logits : Self.usualYardsticks.layers
        return sums.yardsticks * (yardstick(name) ?? usual) + weightError
    }
}
