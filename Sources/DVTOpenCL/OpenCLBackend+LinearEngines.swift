import DVTCore
import OpenCL

extension OpenCLBackend {
    /// Enqueues `activation(x weight^T + bias) + residual` by the faster way for the device.
    ///
    /// - Parameters:
    ///   - x: the input, `rows` of `inputs` elements.
    ///   - parameters: the weight, `outputs` of `inputs` elements whatever its axes, and the bias.
    ///   - activation: applied after the bias.
    ///   - residual: as large as the output, added last, or nil.
    ///   - y: the output, `rows` of `outputs` elements.
    ///   - rows: how many rows.
    ///   - inputs: the elements of an input row.
    ///   - outputs: the elements of an output row.
    /// - Throws: ``OpenCLError`` or ``OpenCLBackendError`` if the device fails.
    func enqueueLinear(
        _ x: OpenCLTensor, _ parameters: LinearParameters<OpenCLTensor>, activation: Activation,
        residual: OpenCLTensor?, to y: OpenCLTensor, rows: Int, inputs: Int, outputs: Int
    ) throws {
        guard rows > 0, outputs > 0 else { return }
        let arguments: [KernelArgument] = try [
            .tensor(parameters.bias), .tensor(residual), .int(rows), .int(inputs), .int(outputs),
            .int(activation.kernelCode),
        ]
        switch linearEngine(rows: rows, inputs: inputs, outputs: outputs) {
        case .packed(let tile) where inputs > 0:
            let packed = try packed(parameters.weight, by: tile, inputs: inputs, outputs: outputs)
            try queue.enqueue(
                kernels.kernel("linear_packed", in: "linear_packed", defines: tile.defines),
                arguments: [.tensor(y), .tensor(x), .buffer(packed)] + arguments,
                global: [
                    (rows + tile.rows - 1) / tile.rows, (outputs + tile.panel - 1) / tile.panel,
                ], local: [1, 1])
        case .tile(let tile):
            try queue.enqueue(
                kernels.kernel("linear_tile", in: "linear_tile", defines: tile.defines),
                arguments: [.tensor(y), .tensor(x), .tensor(parameters.weight)] + arguments,
                global: [
                    (rows + tile.rows - 1) / tile.rows * tile.items,
                    (outputs + tile.columns - 1) / tile.columns * tile.items,
                ], local: [tile.items, tile.items])
        default:
            try matMul(
                MatrixProduct(
                    rows: rows, columns: outputs, depth: inputs, left: Matrix(x.buffer),
                    right: Matrix(parameters.weight.buffer), isRightTransposed: true,
                    output: Matrix(y.buffer)))
            try enqueueEpilogue(
                y, bias: parameters.bias, activation: activation, residual: residual, rows: rows,
                columns: outputs)
        }
    }

    /// The engine that was chosen, or else measured for such a map, or else the device's own.
    private func linearEngine(rows: Int, inputs: Int, outputs: Int) -> LinearEngine {
        chosenLinearEngine ?? linearTuning.engine(rows: rows, inputs: inputs, outputs: outputs)
            ?? defaultLinearEngine
    }

    /// A weight in panels, made when it is first used and kept with it.
    func packed(
        _ weight: OpenCLTensor, by tile: PackedTile, inputs: Int, outputs: Int
    ) throws -> Buffer {
        if let packed = weight.packed[tile.panel] { return packed }
        let padded = tile.padded(outputs)
        let packed = try context.makeBuffer(byteCount: padded * inputs * 4)
        try enqueueElements(
            "pack_panels", in: "linear_packed", defines: tile.defines,
            [
                .buffer(packed), .tensor(weight), .int(inputs), .int(outputs),
                .int(padded / tile.panel),
            ], over: [tile.panel, inputs, padded / tile.panel])
        weight.packed[tile.panel] = packed
        return packed
    }
}
