import DVTCheckpoints
import DVTCore
import DVTModel
import Foundation

/// Registers opening a safetensors file and reading all tensors.
func registerCheckpoints() {
    for elementType in [SafetensorsWriter.ElementType.float32, .float16] {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("dvt-benchmarks-\(UUID().uuidString)").path
        let path = "\(folder)/tiny-deit.safetensors"
        measure(
            "Read tiny-deit safetensors, \(elementType.rawValue)",
            setup: {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: false)
                try SafetensorsWriter.write(tinyDeiT(), as: elementType, to: path)
            },
            teardown: { try FileManager.default.removeItem(atPath: folder) },
            {
                let file = try SafetensorsFile(path: path)
                return try file.shapes.keys.map { try file.tensor(named: $0) }
            })
    }
}

private func tinyDeiT() throws -> [(name: String, tensor: Tensor)] {
    let configuration = try CascadeConfiguration.named("tiny-deit")
    let weights = SyntheticWeights(seed: 1)
    return configuration.parameters.map { parameter in
        (
            "\(parameter.stage).\(parameter.name)",
            weights.tensor(parameter, of: configuration)
        )
    }
}
