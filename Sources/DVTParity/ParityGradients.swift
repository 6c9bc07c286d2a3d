package import DVTCore
package import DVTModel
import DVTTraining

/// The losses of a batch and the gradients of all trained parameters.
package struct ParityGradients {
    /// The device or the file.
    package let deviceName: String
    /// The mean cross-entropy of each exit.
    package let losses: [Float]
    /// The gradients, in the order of the network.
    package let gradients: [(ParameterSpecification, Tensor)]

    init(
        deviceName: String, losses: [Float], gradients: [(ParameterSpecification, Tensor)]
    ) {
        self.deviceName = deviceName
        self.losses = losses
        self.gradients = gradients
    }

    /// Reads gradients from a file that uses the parameter names of a checkpoint.
    ///
    /// - Parameters:
    ///   - file: the open file, with `loss0`, `loss1`, ... and the gradients.
    ///   - configuration: the model.
    /// - Throws: the file's error if an entry is missing.
    package init(_ file: any NamedTensors, of configuration: CascadeConfiguration) throws {
        let source = CheckpointWeights(file)
        deviceName = file.origin
        losses = try configuration.stages.indices.map {
            try file.tensor(named: "loss\($0)").values.first ?? .nan
        }
        gradients = try configuration.parameters.filter(\.role.isTrained).map {
            ($0, try source.tensor($0, of: configuration))
        }
    }
}
