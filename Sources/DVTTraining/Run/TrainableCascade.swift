import DVTAutodiff
package import DVTCore
package import DVTModel

/// A trainable cascade: the network of inference, run on a ``/DVTAutodiff/GradientTape``.
///
/// The loss is the sum of the cross-entropies of all exits.
package final class TrainableCascade<B: DifferentiableBackend> {
    /// A parameter, its value and its gradient.
    package struct Parameter {
        /// Its name, shape and role.
        package let specification: ParameterSpecification
        /// Its value as the network reads it, and its gradient after a backward pass.
        package let tensor: TapeTensor<B>
        /// Its value in float32; the same memory if the network reads that.
        package let master: B.DeviceTensor
        /// Whether training changes it.
        package let isTrained: Bool
    }

    /// The model configuration.
    package let configuration: CascadeConfiguration
    /// The tape that records the backward pass.
    package let tape: GradientTape<B>
    /// Every parameter, in the order of the network.
    package let parameters: [Parameter]
    private let network: DynamicVisionTransformer<GradientTape<B>>

    /// Builds a cascade and copies its weights to the device.
    ///
    /// - Parameters:
    ///   - configuration: the model configuration.
    ///   - weights: the source of the parameters.
    ///   - backend: the device.
    ///   - frozen: the parameters that training does not change.
    ///   - stopsReusedFeatures: whether gradients stop at reused features; nil means the authors'
    ///     setting: true for the MindSpore model only.
    /// - Throws: ``ModelError`` if the weights do not fit, or the source's or backend's error.
    package init(
        _ configuration: CascadeConfiguration, weights: some ParameterSource, backend: B,
        freezing frozen: Set<ParameterSpecification> = [], stopsReusedFeatures: Bool? = nil
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
            let master = try backend.uploadFloat32(values)
            let value = try backend.rounded(master)
            let isTrained = specification.role.isTrained && !frozen.contains(specification)
            let tensor = isTrained ? tape.parameter(value) : tape.constant(value)
            parameters.append(
                Parameter(
                    specification: specification, tensor: tensor, master: master,
                    isTrained: isTrained))
            return tensor
        }
        self.parameters = parameters
    }

    /// Creates a cascade for inference that shares the parameters, including later updates.
    ///
    /// - Returns: the cascade.
    /// - Throws: the backend's error.
    package func inference() throws -> DynamicVisionTransformer<B> {
        try inference { $0.tensor.value }
    }

    /// Creates a cascade for inference with other tensors, such as averages of the parameters.
    ///
    /// - Parameter tensor: returns a parameter's tensor as the network reads it.
    /// - Returns: the cascade.
    /// - Throws: the backend's error.
    package func inference(
        on tensor: (Parameter) -> B.DeviceTensor
    ) throws -> DynamicVisionTransformer<B> {
        var tensors = parameters.map(tensor)[...]
        // The network requests its parameters in the order of their declaration.
        return try DynamicVisionTransformer(configuration, backend: tape.base) { _ in
            tensors.removeFirst()
        }
    }

    /// Whether only heads are trained, so the features that they read never change.
    package var trainsHeadsOnly: Bool {
        parameters.allSatisfy { $0.isTrained == $0.specification.role.isHead }
    }

    /// A digest (FNV-1a) of the parameters that are not trained.
    ///
    /// - Returns: 16 hexadecimal digits.
    /// - Throws: the backend's error.
    package func frozenDigest() throws -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for parameter in parameters where !parameter.isTrained {
            for value in try tape.base.download(parameter.master).values {
                hash = (hash ^ UInt64(value.bitPattern)) &* 0x0000_0100_0000_01b3
            }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Accumulates the gradients of the loss of a batch.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`, normalized.
    ///   - targets: the target probabilities of each image, `[B, classes]`.
    ///   - weight: the factor of each image's loss; nil means 1 / B, the mean over the batch.
    /// - Returns: the losses and top-1 classes of each exit.
    /// - Throws: ``ModelError`` if images or targets do not fit, or the backend's error; no
    ///   gradient is added in this case.
    package func addGradients(
        _ images: Tensor, targets: Tensor, weight: Float? = nil
    ) throws -> [ExitLoss] {
        try addGradients(
            TrainingBatch(index: 0, images: images, targets: targets, labels: []),
            weight: weight ?? 1 / Float(max(images.shape[0], 1)))
    }

    /// Accumulates the gradients of the loss of a batch of images or features.
    ///
    /// - Parameters:
    ///   - batch: the images or features, and targets.
    ///   - weight: the factor of each image's loss.
    /// - Returns: the losses and top-1 classes of each exit.
    /// - Throws: as ``addGradients(_:targets:weight:)``.
    package func addGradients(_ batch: TrainingBatch, weight: Float) throws -> [ExitLoss] {
        var exits: [(logits: TapeTensor<B>, classes: [Int])] = []
        do {
            try network.runExits(batch) { logits, confidences in
                exits.append((logits, confidences.map(\.classIndex)))
            }
            let wanted = try tape.base.uploadFloat32(batch.targets)
            var seeds: [(TapeTensor<B>, B.DeviceTensor)] = []
            var losses: [ExitLoss] = []
            for exit in exits {
                let entropy = try tape.base.crossEntropy(
                    exit.logits.value, targets: wanted, weight: weight)
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

extension DynamicVisionTransformer {
    /// Runs all exits on the images of a batch, or their heads on its features.
    func runExits(
        _ batch: TrainingBatch, visit: (B.DeviceTensor, [ClassConfidence]) throws -> Void
    ) throws {
        if let features = batch.features { return try runHeads(on: features, visit: visit) }
        try run(batch.images, policy: .allExits) { try visit($0.logits, $0.confidences) }
    }
}

/// The results of one exit for a batch.
package struct ExitLoss: Sendable {
    /// Each image's cross-entropy.
    package let losses: [Float]
    /// Each image's top-1 class.
    package let classes: [Int]

    /// Creates the result.
    ///
    /// - Parameters:
    ///   - losses: each image's cross-entropy.
    ///   - classes: each image's top-1 class.
    package init(losses: [Float], classes: [Int]) {
        self.losses = losses
        self.classes = classes
    }

    /// The mean of the losses.
    package var mean: Double { losses.reduce(0) { $0 + Double($1) } / Double(max(losses.count, 1)) }
}
