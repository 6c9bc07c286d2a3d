import DVTCore

/// A value of an ``ONNXGraph``; its shape is that of a batch of one image.
final class ONNXTensor: BackendTensor {
    let shape: Shape
    let origin: Origin
    /// The blocks' logits in a store of relations, with their first channels.
    private(set) var pieces: [(channel: Int, name: String)] = []

    enum Origin {
        /// An input or the output of a node.
        case value(name: String)
        /// Weights, which become an initializer where they are used.
        case parameter(ONNXParameter)
        /// A store of relations: what attention writes to it is concatenated where it is read.
        case store
    }

    init(_ shape: Shape, _ origin: Origin) {
        self.shape = shape
        self.origin = origin
    }

    /// Writes one block's logits `[B, H, T, T]` to a store.
    func take(_ name: String, channel: Int) {
        pieces.append((channel, name))
    }
}

/// A parameter of the network, read when the file is written.
struct ONNXParameter {
    let name: String
    let shape: Shape
    let read: () throws -> Tensor
}
