package import DVTCore
package import DVTModel

/// A parity run: a model, its weights and a batch of images to run on each backend.
package struct ParityRun {
    /// The model configuration.
    package let configuration: CascadeConfiguration
    /// The weights of the model.
    package let weights: any ParameterSource
    /// The batch of images.
    package let images: Tensor
    /// Whether to compare the intermediates of every block.
    package let includesLayers: Bool

    /// Creates the run.
    ///
    /// - Parameters:
    ///   - configuration: the model configuration.
    ///   - weights: the weights of the model.
    ///   - images: the batch of images.
    ///   - includesLayers: whether to compare the intermediates of every block.
    package init(
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
    /// - Parameter backend: the backend to run on.
    /// - Returns: the logits of each exit, and the intermediates if requested.
    /// - Throws: ``/DVTModel/ModelError`` if the weights do not fit, or the backend's error.
    package func outputs(on backend: some Backend) throws -> ParityOutputs {
        let model = try DynamicVisionTransformer(configuration, weights: weights, backend: backend)
        var layers: [(name: String, tensor: Tensor)] = []
        var logits: [Tensor] = []
        var confidences: [[Float]] = []
        let trace: ((String, Tensor) -> Void)? =
            includesLayers ? { layers.append((name: $0, tensor: $1)) } : nil
        try model.run(images, policy: .allExits, trace: trace) { visit in
            logits.append(try backend.download(visit.logits))
            confidences.append(visit.confidences.map(\.probability))
        }
        return ParityOutputs(
            deviceName: backend.deviceName, logits: logits, confidences: confidences,
            layers: layers)
    }
}
