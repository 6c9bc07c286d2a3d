public import DVTCore
public import DVTModel

/// A model, its weights and a batch of images: what parity runs on every backend.
public struct ParityRun<Weights: ParameterSource> {
    /// The model.
    public let configuration: CascadeConfiguration
    /// Its weights.
    public let weights: Weights
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
        _ configuration: CascadeConfiguration, weights: Weights, images: Tensor,
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
    /// - Throws: ``ModelError`` if the weights do not fit, or the backend's error.
    public func outputs(on backend: some Backend) throws -> ParityOutputs {
        let model = try DynamicVisionTransformer(configuration, weights: weights, backend: backend)
        var layers: [(name: String, tensor: Tensor)] = []
        let logits = try model.logits(
            images, trace: includesLayers ? { layers.append((name: $0, tensor: $1)) } : nil)
        return ParityOutputs(deviceName: backend.deviceName, logits: logits, layers: layers)
    }
}

/// What one backend computed.
public struct ParityOutputs: Sendable {
    /// The device.
    public let deviceName: String
    /// `[B, classes]` of every exit.
    public let logits: [Tensor]
    /// Intermediates by name, in the order they were computed.
    public let layers: [(name: String, tensor: Tensor)]

    package init(
        deviceName: String, logits: [Tensor], layers: [(name: String, tensor: Tensor)]
    ) {
        self.deviceName = deviceName
        self.logits = logits
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
        let confidences = logits.map(Self.confidences)
        return (0..<(logits.first?.shape[0] ?? 0)).map { image in
            let exit = confidences.dropLast().firstIndex { $0[image] >= threshold }
            return exit ?? confidences.count - 1
        }
    }

    private static func confidences(_ logits: Tensor) -> [Float] {
        let classes = logits.shape[1]
        return (0..<logits.shape[0]).map { image in
            let row = logits.values[image * classes..<(image + 1) * classes]
            return ClassConfidence.top(row, count: 1).first?.confidence ?? 0
        }
    }
}
