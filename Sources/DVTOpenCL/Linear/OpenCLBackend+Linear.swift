import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/linear(_:_:activation:residual:)``.
    public func linear(
        _ x: OpenCLTensor, _ layer: OpenCLLinear, activation: Activation, residual: OpenCLTensor?
    ) throws -> OpenCLTensor {
        let sizes = try LinearSizes(
            x: x.shape, weight: layer.weight.shape, bias: layer.bias?.shape,
            residual: residual?.shape)
        let y = try makeTensor(sizes.outputShape)
        try enqueueLinear(
            x, layer, activation: activation, residual: residual, to: y, rows: sizes.rows)
        return y
    }

    /// Enqueues what follows a matrix product, in place: see `linear.cl`.
    ///
    /// - Parameters:
    ///   - y: the product.
    ///   - bias: one number a column, or nil.
    ///   - activation: applied after the bias.
    ///   - residual: added last, or nil.
    ///   - rows: how many rows.
    ///   - columns: the length of a row.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the device fails.
    func enqueueEpilogue(
        _ y: OpenCLTensor, bias: OpenCLTensor?, activation: Activation,
        residual: OpenCLTensor?, rows: Int, columns: Int
    ) throws {
        guard bias != nil || residual != nil || activation != .identity else { return }
        let arguments: [KernelArgument] = try [
            .tensor(y), .tensor(bias), .tensor(residual), .int(rows), .int(columns),
            .int(activation.kernelCode),
        ]
        switch kernelStyle {
        case .vector:
            try enqueueRows("linear_epilogue", in: "linear", items: 1, arguments, rows: rows)
        case .tile:
            try enqueueElements("linear_epilogue", in: "linear", arguments, over: [columns, rows])
        }
    }

    /// Implements ``/DVTCore/Backend/layerNorm(_:appending:_:)``.
    public func layerNorm(
        _ x: OpenCLTensor, appending features: OpenCLTensor?,
        _ parameters: LayerNormParameters<OpenCLTensor>
    ) throws -> OpenCLTensor {
        let sizes = try LayerNormSizes(
            x: x.shape, features: features?.shape, weight: parameters.weight.shape,
            bias: parameters.bias.shape)
        let y = try makeTensor(sizes.outputShape)
        try enqueueRows(
            "layernorm_forward", in: "layernorm", items: kernelStyle == .vector ? 1 : 64,
            [
                .tensor(y), .tensor(x), .tensor(features), .tensor(parameters.weight),
                .tensor(parameters.bias), .int(sizes.width), .int(sizes.appended),
                .float(parameters.epsilon),
            ], rows: sizes.rows)
        return y
    }
}

extension Activation {
    /// The number that `linear.cl` and `linear_packed.cl` know it by.
    var kernelCode: Int {
        switch self {
        case .identity: 0
        case .gelu: 1
        case .geluTanh: 2
        }
    }
}
