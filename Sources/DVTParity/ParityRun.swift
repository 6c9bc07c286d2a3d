public import DVTCore
public import DVTModel

/// A model, its weights and a batch of images: what parity runs on every backend.
public struct ParityRun {
    /// The model.
    public let configuration: CascadeConfiguration
    /// Its weights.
    public let weights: any ParameterSource
    /// The batch.
    public let images: Tensor
    /// Whether every block's intermediates are compared too.
    public let includesLayers: Bool

    /// Creates the run.
    ///
    /// - Parameters:
    ///   - configuration: the model.
    ///   - weights: its weights.
    ///   - images: the batch.
    ///   - includesLayers: whether every block's intermediates are compared too.
    public init(
        _ configuration: CascadeConfiguration, weights: some ParameterSource, images: Tensor,
        includesLayers: Bool
    ) {
        self.configuration = configuration
        self.weights = weights
        self.images = images
        self.includesLayers = includesLayers
    }

    /// Runs all stages for all images.
    ///
    /// - Parameter backend: the device.
    /// - Returns: every exit's logits, and the intermediates where they are asked for.
    /// - Throws: ``/DVTModel/ModelError`` if the weights do not fit, or the backend's error.
    public func outputs(on backend: some Backend) throws -> ParityOutputs {
        let model = try DynamicVisionTransformer(configuration, weights: weights, backend: backend)
        var layers: [(name: String, tensor: Tensor)] = []
        var logits: [Tensor] = []
        var confidences: [[Float]] = []
        let trace: ((String, Tensor) -> Void)? =
            includesLayers ? { layers.append((name: $0, tensor: $1)) } : nil
        try model.run(images, policy: .allExits, trace: trace) { visit in
            logits.append(try backend.download(visit.logits))
            confidences.append(visit.confidences.map(\.confidence))
        }
        return ParityOutputs(
            deviceName: backend.deviceName, logits: logits, confidences: confidences,
            layers: layers)
    }
}

/// What one backend computed.
public struct ParityOutputs: Sendable {
    /// The device.
    public let deviceName: String
    /// `[B, classes]` of every exit.
    public let logits: [Tensor]
    /// Every image's confidence at every exit, as the backend itself computed it.
    public let confidences: [[Float]]
    /// Intermediates by name, in the order they were computed.
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

    /// All tensors by name, the layers first; the logits are `logits0`, `logits1`, ...
    public var tensors: [(name: String, tensor: Tensor)] {
        layers + logits.enumerated().map { (name: "logits\($0.offset)", tensor: $0.element) }
    }

    /// The exit that each image takes when every exit but the last has one threshold.
    ///
    /// - Parameter threshold: the confidence needed to leave.
    /// - Returns: exits, from 0.
    public func exits(threshold: Float) -> [Int] {
        (confidences.first ?? []).indices.map { image in
            let exit = confidences.dropLast().firstIndex { $0[image] >= threshold }
            return exit ?? confidences.count - 1
        }
    }
}
