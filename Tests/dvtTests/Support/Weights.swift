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

    /// Synthetic weights of a plain ViT with a head for every 32 columns and 10 classes.
    static func plain(
        width: Int, depth: Int, patch: Int
    ) throws -> [(name: String, tensor: Tensor)] {
        let stage = VisionTransformerConfiguration(
            patch: PatchGeometry(kernel: patch), width: width, depth: depth, heads: width / 32,
            classes: 10)
        let model = try CascadeConfiguration([stage])
        return model.parameters.map {
            (name: $0.name, tensor: SyntheticWeights(seed: 1).tensor($0, of: model))
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
