public import DVTCore

/// The outputs of one backend.
public struct ParityOutputs: Sendable {
    /// The name of the device.
    public let deviceName: String
    /// The logits of each exit, `[B, classes]`.
    public let logits: [Tensor]
    /// The confidence of each image at each exit, as computed by the backend.
    public let confidences: [[Float]]
    /// The named intermediates in the order of computation.
    public let layers: [(name: String, tensor: Tensor)]

    package init(
        deviceName: String, logits: [Tensor], confidences: [[Float]],
        layers: [(name: String, tensor: Tensor)]
    ) {
        self.deviceName = deviceName
        self.logits = logits
        self.confidences = confidences
        self.layers = layers
    }

    /// All named tensors, layers first; the logits are `logits0`, `logits1`, ...
    public var tensors: [(name: String, tensor: Tensor)] {
        layers + logits.enumerated().map { (name: "logits\($0.offset)", tensor: $0.element) }
    }

    /// Returns the exit of each image when all exits but the last share one threshold.
    ///
    /// - Parameter threshold: the confidence required to exit.
    /// - Returns: the exits, from 0.
    public func exits(threshold: Float) -> [Int] {
        (confidences.first ?? []).indices.map { image in
            let exit = confidences.dropLast().firstIndex { $0[image] >= threshold }
            return exit ?? confidences.count - 1
        }
    }
}
