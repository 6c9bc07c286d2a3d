import DVTAutodiff
internal import DVTCore
package import DVTModel

/// An exponential moving average of a cascade's parameters.
///
/// Early on it follows more closely, `decay = min(limit, (1 + n) / (10 + n))` after n steps, so
/// that the start is soon forgotten.
package final class WeightAverage<B: DifferentiableBackend> {
    /// How much of the average a step leaves.
    package let limit: Double
    /// The averages, in the order of the model's parameters; those that are not trained are the
    /// parameters themselves.
    let tensors: [B.DeviceTensor]
    private let model: TrainableCascade<B>

    /// Creates an average that begins with the parameters as they are.
    ///
    /// - Parameters:
    ///   - model: the cascade.
    ///   - limit: how much of the average a step leaves, below 1.
    /// - Throws: the backend's error.
    package convenience init(_ model: TrainableCascade<B>, limit: Double) throws {
        try self.init(model, limit: limit) {
            try model.tape.base.download($0.tensor.value)
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
                ? try model.tape.base.upload(average(parameter)) : parameter.tensor.value
        }
    }

    /// Takes in the parameters after a step.
    ///
    /// - Parameter step: the steps made.
    /// - Throws: the backend's error.
    package func update(step: Int) throws {
        let decay = min(limit, (1 + Double(step)) / (10 + Double(step)))
        for (average, parameter) in zip(tensors, model.parameters) where parameter.isTrained {
            try model.tape.base.updateAverage(
                average, with: parameter.tensor.value, decay: Float(decay))
        }
    }

    /// The cascade on the averaged parameters.
    ///
    /// - Returns: a cascade that shares the average's memory.
    /// - Throws: the backend's error.
    package func inference() throws -> DynamicVisionTransformer<B> {
        var tensors = tensors[...]
        return try model.inference { _ in tensors.removeFirst() }
    }
}
