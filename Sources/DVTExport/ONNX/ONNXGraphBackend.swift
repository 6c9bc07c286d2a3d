import DVTCore

/// Records the operations of a network as an ONNX graph instead of computing them.
///
/// The network is built and run as on any backend, on a batch of one; the graph takes any batch. It
/// has operators of ONNX itself only, opset 17. Nothing can be read from it: ``download(_:)``,
/// ``gather(_:rows:after:)`` and ``confidence(_:criterion:temperature:)`` throw
/// ``ExportError/notRecorded(operation:)``.
final class ONNXGraphBackend: Backend {
    typealias DeviceTensor = ONNXTensor

    let deviceName = "ONNX graph"
    let graph = ONNXGraph()
    /// The names of concatenated stores, which are read by every block of the next stage.
    private var stores: [ObjectIdentifier: String] = [:]

    init() {}

    func reserve(batch: Int) {}
    func releaseMemory() {}
    func finish() {}

    /// An input of the graph.
    ///
    /// - Parameters:
    ///   - name: its name.
    ///   - shape: its shape for one image.
    /// - Returns: the tensor.
    func input(_ name: String, _ shape: Shape) -> ONNXTensor {
        ONNXTensor(shape, .value(name: name))
    }

    /// A parameter, whose values are read when the graph is written.
    ///
    /// - Parameters:
    ///   - name: the name of its initializer.
    ///   - shape: its shape.
    ///   - read: reads its values.
    /// - Returns: the tensor.
    func parameter(
        _ name: String, _ shape: Shape, read: @escaping () throws -> Tensor
    ) -> ONNXTensor {
        ONNXTensor(shape, .parameter(ONNXParameter(name: name, shape: shape, read: read)))
    }

    func upload(_ tensor: Tensor) throws -> ONNXTensor {
        throw ExportError.notRecorded(operation: "upload")
    }

    func uploadBatch(_ batch: Tensor) throws -> ONNXTensor {
        throw ExportError.notRecorded(operation: "uploadBatch")
    }

    func download(_ tensor: ONNXTensor) throws -> Tensor {
        throw ExportError.notRecorded(operation: "download")
    }

    func gather(
        _ x: ONNXTensor, rows: [Int], after batch: ONNXTensor?
    ) throws -> ONNXTensor {
        throw ExportError.notRecorded(operation: "gather")
    }

    func confidence(
        _ logits: ONNXTensor, criterion: ExitCriterion, temperature: Float
    ) throws -> [ClassConfidence] {
        throw ExportError.notRecorded(operation: "confidence")
    }
}

// The names of tensors in the graph.
extension ONNXGraphBackend {
    /// The name of a tensor's value.
    func name(_ tensor: ONNXTensor) -> String {
        switch tensor.origin {
        case .value(let name): return name
        case .parameter(let parameter):
            return graph.initializer(
                ONNXInitializer(name: parameter.name, shape: parameter.shape) {
                    try parameter.read().values
                })
        case .store:
            let identifier = ObjectIdentifier(tensor)
            if let name = stores[identifier] { return name }
            let pieces = tensor.pieces.sorted { $0.channel < $1.channel }.map(\.name)
            let name = graph.concatenate(pieces, axis: 1)
            stores[identifier] = name
            return name
        }
    }

    /// The name of a weight `[O, K]`, transposed to `[K, O]` as `MatMul` takes it.
    func transposedName(_ tensor: ONNXTensor) throws -> String {
        guard case .parameter(let parameter) = tensor.origin else {
            throw ExportError.notRecorded(operation: "a linear layer of computed weights")
        }
        let outputs = parameter.shape[0]
        let inputs = parameter.shape.elementCount / max(outputs, 1)
        return graph.initializer(
            ONNXInitializer(name: parameter.name + ".transposed", shape: [inputs, outputs]) {
                try parameter.read().values.transposed(rows: outputs, columns: inputs)
            })
    }

    func value(_ name: String, _ shape: Shape) -> ONNXTensor {
        ONNXTensor(shape, .value(name: name))
    }

    /// Makes a tensor an output of the graph.
    ///
    /// - Parameters:
    ///   - tensor: the tensor.
    ///   - output: the name of the output.
    func makeOutput(_ tensor: ONNXTensor, named output: String) {
        graph.add("Identity", [name(tensor)], as: output)
    }
}

extension [Float] {
    /// The transpose of a matrix.
    func transposed(rows: Int, columns: Int) -> [Float] {
        var result = [Float](repeating: 0, count: count)
        for row in 0..<rows {
            for column in 0..<columns {
                result[column * rows + row] = self[row * columns + column]
            }
        }
        return result
    }
}
