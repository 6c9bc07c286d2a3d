import DVTCheckpoints
import DVTCore
internal import DVTModel
import DVTSupport

/// A network as timm or Hugging Face transformers read it from a folder: its descriptions and
/// tensors.
struct PretrainedNetwork {
    /// The files beside the weights.
    let descriptions: [(name: String, text: JSONValue)]
    let tensors: [PretrainedTensor]
    /// What it is in the library, for messages.
    let summary: String

    /// Writes the weights as float32.
    ///
    /// - Parameter path: the file to create or replace.
    /// - Throws: the error of the weights or the file.
    func writeWeights(to path: String) throws {
        try SafetensorsWriter.write(
            tensors.map { ($0.name, $0.shape) }, metadata: ["format": "pt"], to: path
        ) { index in
            Tensor(tensors[index].shape, values: try tensors[index].read())
        }
    }
}

/// A tensor of a library, computed from parameters when it is written.
struct PretrainedTensor {
    let name: String
    let shape: Shape
    let read: () throws -> [Float]

    /// The same tensor under another name.
    func renamed(_ name: String) -> Self { Self(name: name, shape: shape, read: read) }

    /// A tensor whose elements have one value.
    static func constant(_ name: String, _ shape: Shape, _ value: Float) -> Self {
        Self(name: name, shape: shape) { [Float](repeating: value, count: shape.elementCount) }
    }
}
