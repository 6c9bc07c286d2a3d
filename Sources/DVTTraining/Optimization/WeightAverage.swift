import DVTAutodiff
internal import DVTCore
package import DVTModel

/// An exponential moving average of a cascade's parameters.
///
/// The decay after n steps is `min(limit, (1 + n) / (10 + n))`, so the initial weights are soon
/// forgotten.
package final class WeightAverage<B: DifferentiableBackend> {
    /// The maximum decay per step.
    package let limit: Double
    /// The averages in float32, in the order of the model's parameters; for parameters that are not trained,
    /// the parameters themselves.
    let tensors: [B.DeviceTensor]
    private let model: TrainableCascade<B>

    /// Creates an average that starts at the current parameters.
    ///
    /// - Parameters:
    ///   - model: the cascade.
    ///   - limit: the maximum decay per step, below 1.
    /// - Throws: the backend's error.
    package convenience init(_ model: TrainableCascade<B>, limit: Double) throws {
        try self.init(model, limit: limit) {
            try model.tape.base.download($0.master)
        }
    }

    init(
        _ model: TrainableCascade<B>, limit: Double,
        average: (TrainableCascade<B>.Parameter) throws -> Tensor
    ) throws {
        self.model = model
        self.limit = limit
        tensors = try model.parameters.map { parameter in
            parameter.isTrained
                ? try model.tape.base.uploadFloat32(average(parameter)) : parameter.master
        }
    }

    /// Updates the average after a step.
    ///
    /// - Parameter step: the number of completed steps.
    /// - Throws: the backend's error.
    package func update(step: Int) throws {
        let decay = min(limit, (1 + Double(step)) / (10 + Double(step)))
        for (average, parameter) in zip(tensors, model.parameters) where parameter.isTrained {
            try model.tape.base.updateAverage(
                average, with: parameter.master, decay: Float(decay))
        }
    }

    /// Creates a cascade with the averaged parameters.
    ///
    /// - Returns: a cascade that shares the average's memory, or in 16 bits has rounded copies.
    /// - Throws: the backend's error.
    package func inference() throws -> DynamicVisionTransformer<B> {
        var tensors = try tensors.map(model.tape.base.rounded)[...]
        return try model.inference { _ in tensors.removeFirst() }
    }
}
