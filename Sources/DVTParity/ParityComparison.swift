/// The comparison of one tensor of a backend with its expected value.
package struct ParityComparison: Equatable, Sendable {
    /// The name of the device.
    package let deviceName: String
    /// The name of the tensor, such as `logits0` or `stage1.block0.output`, or an operation with
    /// its sizes.
    package let name: String
    /// The distance from the expected value.
    package let distance: Distance
    /// The largest accepted relative L2 distance.
    package let tolerance: Double

    /// Creates a comparison.
    ///
    /// - Parameters:
    ///   - deviceName: the name of the device.
    ///   - name: the name of the tensor.
    ///   - distance: the distance from the expected value.
    ///   - tolerance: the largest accepted relative L2 distance.
    package init(deviceName: String, name: String, distance: Distance, tolerance: Double) {
        self.deviceName = deviceName
        self.name = name
        self.distance = distance
        self.tolerance = tolerance
    }

    /// Whether the distance is within the tolerance; false for NaN.
    package var passes: Bool { distance.relativeL2 <= tolerance }
}

/// The number of exit decisions on which two backends differ.
package struct DecisionComparison: Equatable, Sendable {
    /// The thresholds applied to every exit but the last: 0.05 to 0.95 in steps of 0.05.
    package static let thresholds = (1...19).map { Float($0) / 20 }

    /// The number of compared decisions: thresholds times images.
    package let decisions: Int
    /// The number of differing decisions.
    package let differing: Int

    /// Compares the exits of all images under all thresholds.
    ///
    /// - Parameters:
    ///   - actual: the outputs of one backend.
    ///   - expected: the outputs of the other.
    package init(_ actual: ParityOutputs, _ expected: ParityOutputs) {
        let pairs = Self.thresholds.flatMap { threshold in
            zip(actual.exits(threshold: threshold), expected.exits(threshold: threshold))
        }
        decisions = pairs.count
        differing = pairs.count { $0.0 != $0.1 }
    }
}
