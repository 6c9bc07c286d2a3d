import DVTAutodiff
internal import DVTCore
internal import DVTModel

/// The hyperparameters of AdamW.
package struct AdamWSettings: Hashable, Sendable {
    /// The decoupled weight decay.
    package var weightDecay: Double
    /// The decay of the first moment.
    package var beta1: Double
    /// The decay of the second moment.
    package var beta2: Double
    /// Added to the square root of the second moment.
    package var epsilon: Double
    /// The maximum norm of the whole gradient, or nil for no clipping.
    package var clipNorm: Double?
    /// The factor of the learning rate from a block to the one before, or nil for one rate.
    package var layerDecay: Double?

    /// Creates hyperparameters.
    ///
    /// - Parameters:
    ///   - weightDecay: the decoupled weight decay.
    ///   - beta1: the decay of the first moment.
    ///   - beta2: the decay of the second moment.
    ///   - epsilon: added to the square root of the second moment.
    ///   - clipNorm: the maximum norm of the whole gradient, or nil.
    package init(
        weightDecay: Double = 0.05, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-8, clipNorm: Double? = nil
    ) {
        self.weightDecay = weightDecay
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.clipNorm = clipNorm
    }
}

/// AdamW for the trained parameters of a cascade, with clipping by the norm of the whole gradient.
///
/// Weight decay is decoupled and skips biases, norms, class tokens and position embeddings.
///
/// - SeeAlso: Loshchilov and Hutter, Decoupled Weight Decay Regularization,
///   <https://arxiv.org/abs/1711.05101>.
package final class AdamWOptimizer<B: DifferentiableBackend> {
    /// One parameter and its optimizer state.
    struct Slot {
        let parameter: TrainableCascade<B>.Parameter
        let first: B.DeviceTensor
        let second: B.DeviceTensor
        /// The factor of the learning rate.
        let rateFactor: Double
    }

    /// The hyperparameters.
    package let settings: AdamWSettings
    /// The number of completed steps.
    package internal(set) var steps = 0
    let slots: [Slot]
    private let backend: B

    /// Creates an optimizer whose moments are zero.
    ///
    /// - Parameters:
    ///   - model: the cascade.
    ///   - settings: the hyperparameters.
    /// - Throws: the backend's error.
    package convenience init(_ model: TrainableCascade<B>, _ settings: AdamWSettings) throws {
        try self.init(model, settings, steps: 0) { parameter, _ in
            Tensor(parameter.specification.shape, repeating: 0)
        }
    }

    /// Creates an optimizer that resumes a run.
    ///
    /// - Parameters:
    ///   - model: the cascade.
    ///   - settings: the hyperparameters.
    ///   - steps: the number of completed steps.
    ///   - moment: returns a parameter's first (1) or second (2) moment.
    /// - Throws: the error of the backend or of `moment`.
    init(
        _ model: TrainableCascade<B>, _ settings: AdamWSettings, steps: Int,
        moment: (TrainableCascade<B>.Parameter, Int) throws -> Tensor
    ) throws {
        self.settings = settings
        self.steps = steps
        backend = model.tape.base
        slots = try model.parameters.filter(\.isTrained).map { parameter in
            Slot(
                parameter: parameter,
                first: try model.tape.base.uploadFloat32(moment(parameter, 1)),
                second: try model.tape.base.uploadFloat32(moment(parameter, 2)),
                rateFactor: settings.layerDecay.map {
                    parameter.specification.rateFactor(decay: $0, in: model.configuration)
                } ?? 1)
        }
    }

    /// Updates the parameters by their gradients, and clears the gradients.
    ///
    /// - Parameter rate: the learning rate.
    /// - Returns: the norm of the whole gradient before clipping, or nil without clipping.
    /// - Throws: the backend's error, or ``TrainingError/notFinite(_:value:step:)`` if the
    ///   gradient is not finite; no parameter changes in this case.
    @discardableResult
    package func step(rate: Double) throws -> Double? {
        var scale = 1.0
        var norm: Double?
        if let limit = settings.clipNorm {
            let length = try backend.squaredNorm(
                slots.compactMap(\.parameter.tensor.gradient)
            ).squareRoot()
            guard length.isFinite else {
                throw TrainingError.notFinite("the gradient's norm", value: length, step: steps)
            }
            norm = length
            scale = min(1, limit / (length + 1e-6))
        }
        steps += 1
        for slot in slots {
            guard let gradient = slot.parameter.tensor.gradient else { continue }
            let decay = slot.parameter.specification.role.isDecayed ? settings.weightDecay : 0
            try backend.adamW(
                slot.parameter.master, roundedTo: slot.parameter.tensor.value, gradient: gradient,
                moments: (slot.first, slot.second),
                AdamWStep(
                    index: steps, rate: Float(rate * slot.rateFactor),
                    betas: (Float(settings.beta1), Float(settings.beta2)),
                    epsilon: Float(settings.epsilon), decay: Float(decay), scale: Float(scale)))
            slot.parameter.tensor.clearGradient()
        }
        return norm
    }
}
