import DVTCore
import DVTModel
import Testing

/// Tensors in memory with the interface of a file.
struct MemoryFile: NamedTensors {
    var tensors: [String: Tensor]
    let origin = "weights.safetensors"
    let metadata: [String: String] = [:]
    var shapes: [String: Shape] { tensors.mapValues(\.shape) }

    func tensor(named name: String) throws -> Tensor {
        try #require(tensors[name])
    }
}

extension MemoryFile {
    /// Random parameters, named and split as in a family of checkpoints.
    init(_ model: CascadeConfiguration, naming: ParameterNaming, wrapper: String = "") {
        let tensors = model.parameters.flatMap { parameter in
            naming.storedTensors(parameter, stages: model.stages.count).map { stored in
                let name = wrapper + stored.name
                return (name, Tensor.uniform(stored.shape, name: stored.name, seed: 3))
            }
        }
        self.init(tensors: Dictionary(uniqueKeysWithValues: tensors))
    }
}

/// The shapes of a file whose tensors are not read.
struct ShapesAlone: NamedTensors {
    let shapes: [String: Shape]
    let origin = "weights.safetensors"
    let metadata: [String: String] = [:]

    func tensor(named name: String) throws -> Tensor {
        Tensor(try #require(shapes[name]), repeating: 0)
    }
}
