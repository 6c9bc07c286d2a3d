import DVTAutodiff
package import DVTCore
package import DVTModel

/// A cascade whose parameters get gradients: the same network, run on a
/// ``/DVTCore/GradientTape``.
///
/// The loss is the sum of the cross-entropies of all exits, so that every exit is trained to be
/// right.
package final class TrainableCascade<B: DifferentiableBackend> {
    /// A parameter, its value and its gradient.
    package struct Parameter {
        /// Which one it is.
        package let specification: ParameterSpecification
        /// Its value, and its gradient after a backward pass.
        package let tensor: TapeTensor<B>
        /// Whether training changes it.
        package var isTrained: Bool { specification.role.isTrained }
    }

    /// The cascade's numbers.
    package let configuration: CascadeConfiguration
    /// What remembers the way back.
    package let tape: GradientTape<B>
    /// Every parameter, in the order of the network.
    package let parameters: [Parameter]
    private let network: DynamicVisionTransformer<GradientTape<B>>

    /// Builds a cascade and copies its weights to the device.
    ///
    /// - Parameters:
    ///   - configuration: the cascade's numbers.
    ///   - weights: where the parameters come from.
    ///   - backend: the device.
    ///   - stopsReusedFeatures: whether the gradient ends at reused features; nil means as the
    ///     model's authors have it: in the MindSpore model it does.
    /// - Throws: ``ModelError`` if the weights do not fit, or the source's or backend's error.
    package init(
        _ configuration: CascadeConfiguration, weights: some ParameterSource, backend: B,
        stopsReusedFeatures: Bool? = nil
    ) throws {
        try weights.check(configuration)
        let tape = GradientTape(backend)
        tape.stopsReusedFeatures = stopsReusedFeatures ?? !configuration.normalizesReusedFeatures
        self.configuration = configuration
        self.tape = tape
        var parameters: [Parameter] = []
        network = try DynamicVisionTransformer(configuration, backend: tape) { specification in
            let values = try weights.tensor(specification, of: configuration)
            try requireShape(specification.name, values.shape, specification.shape)
            let value = try backend.upload(values)
            let tensor =
                specification.role.isTrained ? tape.parameter(value) : tape.constant(value)
            parameters.append(Parameter(specification: specification, tensor: tensor))
            return tensor
        }
        self.parameters = parameters
    }

    /// The cascade for inference, on the parameters as they are and as they will become.
    ///
    /// - Returns: a cascade that shares this one's memory.
    /// - Throws: the backend's error.
    package func inference() throws -> DynamicVisionTransformer<B> {
        try inference { $0.tensor.value }
    }

    /// The cascade for inference on other tensors, such as averages of the parameters.
    ///
    /// - Parameter tensor: returns a parameter's tensor.
    /// - Returns: the cascade.
    /// - Throws: the backend's error.
    package func inference(
        on tensor: (Parameter) -> B.DeviceTensor
    ) throws -> DynamicVisionTransformer<B> {
        var tensors = parameters.map(tensor)[...]
        // The network asks for its parameters in the order in which it declares them.
        return try DynamicVisionTransformer(configuration, backend: tape.base) { _ in
            tensors.removeFirst()
        }
    }

    /// Adds the gradients of a batch's loss to those of the parameters.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`, normalized.
    ///   - targets: each image's wanted probabilities, `[B, classes]`.
    ///   - weight: the factor of every image's loss; nil means 1 / B, the mean over the batch.
    /// - Returns: every exit's losses and likeliest classes.
    /// - Throws: ``ModelError`` if images or targets do not fit, or the backend's error; no
    ///   gradient is added then.
    package func addGradients(
        _ images: Tensor, targets: Tensor, weight: Float? = nil
    ) throws -> [ExitLoss] {
        var exits: [(logits: TapeTensor<B>, classes: [Int])] = []
        do {
            try network.run(images, policy: .allExits) { visit in
                exits.append((visit.logits, visit.confidences.map(\.classIndex)))
            }
            let factor = weight ?? 1 / Float(max(images.shape[0], 1))
            let wanted = try tape.base.uploadBatch(targets)
            var seeds: [(TapeTensor<B>, B.DeviceTensor)] = []
            var losses: [ExitLoss] = []
            for exit in exits {
                let entropy = try tape.base.crossEntropy(
                    exit.logits.value, targets: wanted, weight: factor)
                seeds.append((exit.logits, entropy.gradient))
                losses.append(
                    ExitLoss(
                        losses: try tape.base.download(entropy.losses).values,
                        classes: exit.classes))
            }
            try tape.backward(from: seeds)
            return losses
        } catch {
            tape.discard()
            throw error
        }
    }
}

/// What one exit made of a batch.
package struct ExitLoss: Sendable {
    /// Each image's cross-entropy.
    package let losses: [Float]
    /// Each image's likeliest class.
    package let classes: [Int]

    /// Creates the result.
    ///
    /// - Parameters:
    ///   - losses: each image's cross-entropy.
    ///   - classes: each image's likeliest class.
    package init(losses: [Float], classes: [Int]) {
        self.losses = losses
        self.classes = classes
    }

    /// The mean of the losses.
    package var mean: Double { losses.reduce(0) { $0 + Double($1) } / Double(max(losses.count, 1)) }
}
