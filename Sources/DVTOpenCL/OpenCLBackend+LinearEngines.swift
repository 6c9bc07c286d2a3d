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
        let engine = linearEngine(rows: rows, inputs: inputs, outputs: outputs)
        guard inputs > 0,
            let launch = try launch(
                engine, weight: parameters.weight, rows: rows, inputs: inputs, outputs: outputs)
        else {
            try clblast.multiply(
                MatrixProduct(
                    rows: rows, columns: outputs, depth: inputs, left: Matrix(x.buffer),
                    right: Matrix(parameters.weight.buffer), isRightTransposed: true,
                    output: Matrix(y.buffer)))
            return try enqueueEpilogue(
                y, bias: parameters.bias, activation: activation, residual: residual, rows: rows,
                columns: outputs)
        }
        try queue.enqueue(
            kernels.kernel(launch.kernel, in: launch.kernel, defines: launch.defines),
            arguments: [
                .tensor(y), .tensor(x), .buffer(launch.weight), .tensor(parameters.bias),
                .tensor(residual), .int(rows), .int(inputs), .int(outputs),
                .int(activation.kernelCode),
            ], global: zip(launch.groups, launch.local).map { $0 * $1 }, local: launch.local)
    }

    /// A kernel that computes a whole linear map; its file has its name.
    private struct LinearLaunch {
        let kernel: String
        let defines: [String]
        /// The weight as the kernel takes it.
        let weight: Buffer
        let groups: [Int]
        let local: [Int]
    }

    /// How an engine's kernel is launched, or nil for CLBlast.
    private func launch(
        _ engine: LinearEngine, weight: OpenCLTensor, rows: Int, inputs: Int, outputs: Int
    ) throws -> LinearLaunch? {
        func groups(_ tileRows: Int, _ tileColumns: Int) -> [Int] {
            [(rows + tileRows - 1) / tileRows, (outputs + tileColumns - 1) / tileColumns]
        }
        switch engine {
        case .clblast: return nil
        case .packed(let tile):
            return LinearLaunch(
                kernel: "linear_packed", defines: tile.defines,
                weight: try packed(weight, by: tile, inputs: inputs, outputs: outputs),
                groups: groups(tile.rows, tile.panel), local: [1, 1])
        case .tile(let tile):
            return LinearLaunch(
                kernel: "linear_tile", defines: tile.defines, weight: weight.buffer,
                groups: groups(tile.rows, tile.columns), local: [tile.items, tile.items])
        case .matrix:
            return LinearLaunch(
                kernel: "linear_matrix", defines: matrixDefines,
                weight: try halves(weight, inputs: inputs, outputs: outputs),
                groups: groups(64, 64), local: [128, 1])
        }
    }

    /// NVIDIA's compiler alone takes PTX.
    private var matrixDefines: [String] {
        MatrixUnits.isKnown(context.device) ? ["PTX"] : []
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
        let padded = tile.padded(outputs)
        return try weight.copy(.panels(tile.panel)) {
            let packed = try context.makeBuffer(byteCount: padded * inputs * 4)
            try enqueueElements(
                "pack_panels", in: "linear_packed", defines: tile.defines,
                [
                    .buffer(packed), .tensor(weight), .int(inputs), .int(outputs),
                    .int(padded / tile.panel),
                ], over: [tile.panel, inputs, padded / tile.panel])
            return packed
        }
    }

    /// A weight as float16, made when it is first used and kept with it.
    private func halves(_ weight: OpenCLTensor, inputs: Int, outputs: Int) throws -> Buffer {
        try weight.copy(.halves) {
            let pitch = (inputs + 31) / 32 * 32
            let halves = try context.makeBuffer(byteCount: pitch * outputs * 2)
            try enqueueElements(
                "weight_to_halves", in: "linear_matrix", defines: matrixDefines,
                [
                    .buffer(halves), .tensor(weight), .int(inputs), .int(outputs), .int(pitch),
                ], over: [pitch, outputs])
            return halves
        }
    }
}
