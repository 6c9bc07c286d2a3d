import DVTCheckpoints
import DVTCore

@testable import DVTModel

/// Weights of tiny-deit as files.
enum Weights {
    /// The synthetic weights under the names that the authors' checkpoints have.
    static func synthetic(seed: UInt64) throws -> [(name: String, tensor: Tensor)] {
        let model = try CascadeConfiguration.named("tiny-deit")
        let source = SyntheticWeights(seed: seed)
        return model.parameters.flatMap { parameter in
            ParameterNaming.authors.storedTensors(parameter, stages: model.stages.count).map {
                (name: $0.name, tensor: source.tensor(parameter, of: model))
            }
        }
    }

    /// Writes tensors to a folder and returns the file's path.
    static func file(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:],
        as type: SafetensorsWriter.ElementType = .float32, in folder: TemporaryFolder
    ) throws -> String {
        let path = "\(folder.path)/model.safetensors"
        try SafetensorsWriter.write(tensors, metadata: metadata, as: type, to: path)
        return path
    }
}
