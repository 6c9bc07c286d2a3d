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

    /// Implements ``/DVTCore/Backend/logits(_:_:)``: the output is float32 in every precision.
    public func logits(_ x: OpenCLTensor, _ head: OpenCLLinear) throws -> OpenCLTensor {
        let sizes = try LinearSizes(
            x: x.shape, weight: head.weight.shape, bias: head.bias?.shape, residual: nil)
        let y = try makeTensor(sizes.outputShape, .float32)
        try enqueueLinear(
            x, head, activation: .identity, residual: nil, to: y, rows: sizes.rows)
        return y
    }

    /// Enqueues the epilogue of a matrix product, in place; see `linear.cl`.
    ///
    /// - Parameters:
    ///   - y: the product.
    ///   - bias: one value per column, or nil.
    ///   - activation: applied after the bias.
    ///   - residual: added last, or nil.
    ///   - rows: the number of rows.
    ///   - columns: the number of columns.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the device fails.
    func enqueueEpilogue(
        _ y: OpenCLTensor, bias: OpenCLTensor?, activation: Activation,
        residual: OpenCLTensor?, rows: Int, columns: Int
    ) throws {
        guard bias != nil || residual != nil || activation != .identity else { return }
        try enqueue(
            KernelCall(
                "linear_epilogue", in: "linear",
                [
                    "y": .tensor(y), "bias": .tensor(bias), "residual": .tensor(residual),
                    "rows": .int(rows), "columns": .int(columns),
                    "activation": .activation(activation),
                ],
                over: kernelStyle == .vector ? .rows(rows, items: 1) : .elements(columns, rows)))
    }
}

extension Activation {
    /// Its code in `common.cl`.
    var kernelCode: Int {
        switch self {
        case .identity: 0
        case .gelu: 1
        case .geluTanh, .quickGELU: 2
        }
    }

    /// The macros of builds that compute it.
    var macros: [String] { self == .quickGELU ? ["QUICK_GELU"] : [] }
}
