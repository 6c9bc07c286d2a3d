import DVTCore
import DVTSupport
import OpenCLRuntime

extension OpenCLBackend {
    /// Enqueues `activation(x weight^T + bias) + residual` by the faster way for the device.
    ///
    /// With several groups each maps its own `inputs` of every row of x to its own `outputs` of y,
    /// by its own rows of the weight and elements of the bias.
    ///
    /// - Parameters:
    ///   - x: the input, `rows` of `groups` times `inputs` elements.
    ///   - parameters: the weight, `groups` times `outputs` of `inputs` elements whatever its axes,
    ///     and the bias.
    ///   - activation: applied after the bias.
    ///   - residual: as large as the output, added last, or nil.
    ///   - y: the output, `rows` of `groups` times `outputs` elements.
    ///   - rows: how many rows.
    ///   - inputs: the elements of a group's input row.
    ///   - outputs: the elements of a group's output row.
    ///   - groups: how many groups.
    /// - Throws: ``OpenCLError`` or ``OpenCLBackendError`` if the device fails.
    func enqueueLinear(
        _ x: OpenCLTensor, _ parameters: LinearParameters<OpenCLTensor>, activation: Activation,
        residual: OpenCLTensor?, to y: OpenCLTensor, rows: Int, inputs: Int, outputs: Int,
        groups: Int = 1
    ) throws {
        guard rows > 0, outputs > 0 else { return }
        let map = LinearMap(
            rows: rows, inputs: inputs, outputs: outputs, groups: groups,
            weight: parameters.weight)
        guard inputs > 0, let launch = try launch(map) else {
            return try enqueueProducts(
                map, of: x, bias: parameters.bias, activation: activation, residual: residual,
                to: y)
        }
        try enqueue(
            KernelCall(
                launch.kernel, in: launch.kernel, macros: launch.macros,
                [
                    "y": .tensor(y), "x": .tensor(x), launch.weightName: .buffer(launch.weight),
                    "bias": .tensor(parameters.bias), "residual": .tensor(residual),
                    "rows": .int(rows), "inputs": .int(inputs), "outputs": .int(outputs),
                    "activation": .int(activation.kernelCode),
                ], over: .groups(launch.groups + [groups], items: launch.local + [1])))
    }

    /// A linear map as the engines see it.
    private struct LinearMap {
        let rows: Int
        let inputs: Int
        let outputs: Int
        let groups: Int
        let weight: OpenCLTensor
    }

    /// CLBlast's products, one a group, and what follows them.
    private func enqueueProducts(
        _ map: LinearMap, of x: OpenCLTensor, bias: OpenCLTensor?, activation: Activation,
        residual: OpenCLTensor?, to y: OpenCLTensor
    ) throws {
        for group in 0..<map.groups {
            try clblast.multiply(
                MatrixProduct(
                    rows: map.rows, columns: map.outputs, depth: map.inputs,
                    left: Matrix(
                        x.buffer, offset: group * map.inputs, pitch: map.groups * map.inputs),
                    right: Matrix(
                        map.weight.buffer, offset: group * map.outputs * map.inputs),
                    output: Matrix(
                        y.buffer, offset: group * map.outputs, pitch: map.groups * map.outputs)))
        }
        try enqueueEpilogue(
            y, bias: bias, activation: activation, residual: residual, rows: map.rows,
            columns: map.groups * map.outputs)
    }

    /// A kernel that computes a whole linear map; its file has its name.
    private struct LinearLaunch {
        let kernel: String
        let macros: [String]
        /// The kernel's name of the weight.
        let weightName: String
        /// The weight as the kernel takes it.
        let weight: Buffer
        let groups: [Int]
        let local: [Int]
    }

    /// How the kernel of a map's engine is launched, or nil for CLBlast.
    private func launch(_ map: LinearMap) throws -> LinearLaunch? {
        func groups(_ tileRows: Int, _ tileColumns: Int) -> [Int] {
            [ceilDiv(map.rows, tileRows), ceilDiv(map.outputs, tileColumns)]
        }
        switch linearEngine(rows: map.rows, inputs: map.inputs, outputs: map.outputs) {
        case .clblast: return nil
        case .packed(let tile):
            return LinearLaunch(
                kernel: "linear_packed", macros: tile.macros, weightName: "packed",
                weight: try packed(
                    map.weight, by: tile, inputs: map.inputs, outputs: map.outputs,
                    groups: map.groups), groups: groups(tile.rows, tile.panel), local: [1, 1])
        case .tile(let tile):
            return LinearLaunch(
                kernel: "linear_tile", macros: tile.macros, weightName: "weight",
                weight: map.weight.buffer, groups: groups(tile.rows, tile.columns),
                local: [tile.items, tile.items])
        case .matrix:
            return LinearLaunch(
                kernel: "linear_matrix", macros: matrixMacros, weightName: "halves",
                weight: try halves(
                    map.weight, inputs: map.inputs, outputs: map.groups * map.outputs),
                groups: groups(64, 64), local: [128, 1])
        }
    }

    /// NVIDIA's compiler alone takes PTX.
    private var matrixMacros: [String] {
        TensorCores.areKnown(on: context.device) ? ["PTX"] : []
    }

    /// The engine that was chosen, or else measured for such a map, or else the device's own.
    private func linearEngine(rows: Int, inputs: Int, outputs: Int) -> LinearEngine {
        chosenLinearEngine ?? linearTuning.engine(rows: rows, inputs: inputs, outputs: outputs)
            ?? defaultLinearEngine
    }

    /// A weight in panels, made when it is first used and kept with it.
    func packed(
        _ weight: OpenCLTensor, by tile: PackedTile, inputs: Int, outputs: Int, groups: Int = 1
    ) throws -> Buffer {
        let panels = groups * tile.padded(outputs) / tile.panel
        return try weight.copy(.panels(tile.panel)) {
            try makeScratch([panels, inputs, tile.panel])
        } fill: { packed in
            try enqueue(
                KernelCall(
                    "pack_panels", in: "linear_packed", macros: tile.macros,
                    [
                        "packed": .buffer(packed), "weight": .tensor(weight),
                        "inputs": .int(inputs), "outputs": .int(outputs), "panels": .int(panels),
                        "groups": .int(groups),
                    ], over: .elements(tile.panel, inputs, panels)))
        }
    }

    /// A weight as float16, made when it is first used and kept with it.
    private func halves(_ weight: OpenCLTensor, inputs: Int, outputs: Int) throws -> Buffer {
        let pitch = inputs.roundedUp(toMultipleOf: 32)
        return try weight.copy(.halves) {
            // Two to a float32, the pitch being even.
            try makeScratch([outputs, pitch / 2])
        } fill: { halves in
            try enqueue(
                KernelCall(
                    "weight_to_halves", in: "linear_matrix", macros: matrixMacros,
                    [
                        "halves": .buffer(halves), "weight": .tensor(weight),
                        "inputs": .int(inputs), "outputs": .int(outputs), "pitch": .int(pitch),
                    ], over: .elements(pitch, outputs)))
        }
    }
}
