package import DVTCore

/// The outputs of one backend.
package struct ParityOutputs: Sendable {
    /// The name of the device.
    package let deviceName: String
    /// The logits of each exit, `[B, classes]`.
    package let logits: [Tensor]
    /// The confidence of each image at each exit, as computed by the backend.
    package let confidences: [[Float]]
    /// The named intermediates in the order of computation.
    package let layers: [(name: String, tensor: Tensor)]

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
    package var tensors: [(name: String, tensor: Tensor)] {
        layers + logits.enumerated().map { (name: "logits\($0.offset)", tensor: $0.element) }
    }

    /// Returns the exit of each image when all exits but the last share one threshold.
    ///
    /// - Parameter threshold: the confidence required to exit.
    /// - Returns: the exits, from 0.
    package func exits(threshold: Float) -> [Int] {
        (confidences.first ?? []).indices.map { image in
            let exit = confidences.dropLast().firstIndex { $0[image] >= threshold }
            return exit ?? confidences.count - 1
        }
    }
}
