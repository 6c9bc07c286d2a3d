import DVTCore

/// A constant of an ONNX graph: weights, read when the file is written, or a value of its own.
struct ONNXInitializer {
    let name: String
    let shape: Shape
    let elements: Elements

    enum Elements {
        /// float32, as many as the shape has.
        case floats(() throws -> [Float])
        case integers([Int64])
    }

    /// A value that nodes of the graph share.
    enum Constant: Hashable {
        case scalar(Float)
        case integers([Int], Shape)
    }

    init(name: String, shape: Shape, floats: @escaping () throws -> [Float]) {
        self.name = name
        self.shape = shape
        elements = .floats(floats)
    }

    init(name: String, _ constant: Constant) {
        self.name = name
        switch constant {
        case .scalar(let value):
            shape = []
            elements = .floats { [value] }
        case .integers(let values, let shape):
            self.shape = shape
            elements = .integers(values.map(Int64.init))
        }
    }

    /// The message without its elements.
    var header: WireTensorProto {
        var message = WireTensorProto()
        message.name = name
        message.dims = shape.dimensions.map(Int64.init)
        message.dataType = Int32(dataType.rawValue)
        return message
    }

    /// The size of the elements in bytes.
    var byteCount: Int { shape.elementCount * (dataType == .int64 ? 8 : 4) }

    private var dataType: WireTensorProto.DataType {
        switch elements {
        case .floats: .float
        case .integers: .int64
        }
    }
}
