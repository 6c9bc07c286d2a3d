import DVTCore
import OpenCL

/// The tile that one work-item of `linear_packed.cl` keeps in registers.
struct PackedTile {
    let rows: Int
    /// Vectors of 16 outputs.
    let vectors: Int

    var panel: Int { 16 * vectors }
    var defines: [String] { ["ROWS=\(rows)", "VECTORS=\(vectors)"] }

    /// The tile for a device's registers.
    ///
    /// - Parameter width: the floats of one of its vectors.
    init(floatVectorWidth width: Int) {
        // 24 sums, two weights and one input of 32 registers of 16; else, counted in registers of
        // 8, 12 sums, two weights and two of the input of 16.
        (rows, vectors) = width >= 16 ? (12, 2) : (6, 1)
    }
}

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
        guard kernelStyle == .vector, inputs > 0 else {
            try matMul(
                MatrixProduct(
                    rows: rows, columns: outputs, depth: inputs, left: Matrix(x.buffer),
                    right: Matrix(parameters.weight.buffer), isRightTransposed: true,
                    output: Matrix(y.buffer)))
            return try enqueueEpilogue(
                y, bias: parameters.bias, activation: activation, residual: residual, rows: rows,
                columns: outputs)
        }
        let packed = try packed(parameters.weight, inputs: inputs, outputs: outputs)
        let kernel = try kernels.kernel(
            "linear_packed", in: "linear_packed", defines: packedTile.defines)
        try queue.enqueue(
            kernel,
            arguments: [
                .tensor(y), .tensor(x), .buffer(packed), .tensor(parameters.bias),
                .tensor(residual), .int(rows), .int(inputs), .int(outputs),
                .int(activation.kernelCode),
            ],
            global: [
                (rows + packedTile.rows - 1) / packedTile.rows,
                (outputs + packedTile.panel - 1) / packedTile.panel,
            ], local: [1, 1])
    }

    /// A weight in panels, made when it is first used and kept with it.
    private func packed(
        _ weight: OpenCLTensor, inputs: Int, outputs: Int
    ) throws -> Buffer {
        if let packed = weight.packed { return packed }
        let panels = (outputs + packedTile.panel - 1) / packedTile.panel
        let packed = try context.makeBuffer(byteCount: panels * packedTile.panel * inputs * 4)
        try enqueueElements(
            "pack_panels", in: "linear_packed", defines: packedTile.defines,
            [
                .buffer(packed), .tensor(weight), .int(inputs), .int(outputs), .int(panels),
            ], over: [packedTile.panel, inputs, panels])
        weight.packed = packed
        return packed
    }
}
