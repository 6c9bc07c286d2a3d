import DVTCore
import DVTSupport
import OpenCLRuntime

extension OpenCLBackend {
    /// Enqueues `activation(x weight^T + bias) + residual` on the layer's engine.
    ///
    /// Each group maps its own `inputs` of every row of x to its own `outputs` of y, with its own
    /// rows of the weight and elements of the bias.
    ///
    /// - Parameters:
    ///   - x: the input, `[rows, groups x inputs]`.
    ///   - layer: the layer.
    ///   - activation: applied after the bias.
    ///   - residual: added last, `[rows, groups x outputs]`, or nil.
    ///   - y: the output, `[rows, groups x outputs]`.
    ///   - rows: the number of rows.
    /// - Throws: ``OpenCLError`` or ``OpenCLBackendError`` if the device fails.
    func enqueueLinear(
        _ x: OpenCLTensor, _ layer: OpenCLLinear, activation: Activation, residual: OpenCLTensor?,
        to y: OpenCLTensor, rows: Int
    ) throws {
        guard rows > 0, layer.outputs > 0 else { return }
        guard layer.inputs > 0, let launch = try launch(layer, rows: rows) else {
            return try enqueueProducts(
                layer, of: x, activation: activation, residual: residual, to: y, rows: rows)
        }
        try enqueue(
            KernelCall(
                launch.kernel, in: launch.kernel, macros: launch.macros,
                instructions: launch.instructions, maxRegisters: launch.maxRegisters,
                [
                    "y": .output(y), "x": .tensor(x), launch.weightName: .buffer(launch.weight),
                    "bias": .float32(layer.bias), "residual": .tensor(residual),
                    "rows": .int(rows), "inputs": .int(layer.inputs),
                    "outputs": .int(layer.outputs), "activation": .activation(activation),
                ], over: .groups(launch.groups + [layer.groups], items: launch.local + [1])))
    }

    /// Enqueues CLBlast's products, one per group, and their epilogue.
    private func enqueueProducts(
        _ layer: OpenCLLinear, of x: OpenCLTensor, activation: Activation,
        residual: OpenCLTensor?, to y: OpenCLTensor, rows: Int
    ) throws {
        try LinearEngine.clblast.check(precision)
        let (inputs, outputs) = (layer.inputs, layer.outputs)
        for group in 0..<layer.groups {
            try clblast.multiply(
                MatrixProduct(
                    rows: rows, columns: outputs, depth: inputs,
                    left: Matrix(
                        x.buffer, offset: group * inputs, pitch: layer.groups * inputs),
                    right: Matrix(layer.weight.buffer, offset: group * outputs * inputs),
                    output: Matrix(
                        y.buffer, offset: group * outputs, pitch: layer.groups * outputs)))
        }
        try enqueueEpilogue(
            y, bias: layer.bias, activation: activation, residual: residual, rows: rows,
            columns: layer.groups * outputs)
    }

    /// A kernel that computes a whole linear layer; its file has its name.
    private struct LinearLaunch {
        let kernel: String
        let macros: [String]
        var instructions: MatrixInstructions?
        var maxRegisters: Int?
        /// The name of the kernel's weight argument.
        let weightName: String
        let weight: Buffer
        let groups: [Int]
        let local: [Int]
    }

    /// The launch of the layer's engine, or nil for CLBlast.
    private func launch(_ layer: OpenCLLinear, rows: Int) throws -> LinearLaunch? {
        func groups(_ tileRows: Int, _ tileColumns: Int) -> [Int] {
            [ceilDiv(rows, tileRows), ceilDiv(layer.outputs, tileColumns)]
        }
        let engine = linearEngine(
            rows: rows, inputs: layer.inputs, outputs: layer.outputs, groups: layer.groups)
        try engine.check(precision)
        let weight = try preparedWeight(of: layer, for: engine)
        switch engine {
        case .clblast: return nil
        case .packed(let tile):
            return LinearLaunch(
                kernel: "linear_packed", macros: tile.macros + dotMacros, weightName: "packed",
                weight: weight, groups: groups(tile.rows, tile.panel), local: [1, 1])
        case .tile(let tile):
            return LinearLaunch(
                kernel: "linear_tile", macros: tile.macros, weightName: "weight", weight: weight,
                groups: groups(tile.rows, tile.columns), local: [tile.items, tile.items])
        case .float(let tile):
            return LinearLaunch(
                kernel: "linear_float", macros: tile.macros + alignmentMacros(of: layer),
                maxRegisters: tile.maxRegisters, weightName: "padded", weight: weight,
                groups: groups(tile.rows, tile.columns).reversed(), local: [tile.items, 1])
        case .mma(let tile):
            return LinearLaunch(
                kernel: "linear_mma",
                macros: tile.macros + alignmentMacros(of: layer), instructions: matrixInstructions,
                weightName: "padded", weight: weight,
                groups: groups(tile.rows, tile.columns).reversed(),
                local: [tile.items(lanes: matrixInstructions.lanes), 1])
        }
    }

    /// The macros of kernels that read and write 16 bytes at once where the layer's rows permit it.
    private func alignmentMacros(of layer: OpenCLLinear) -> [String] {
        let isUnaligned = layer.inputs * precision.elementByteCount % 16 != 0
        return (isUnaligned ? ["X_UNALIGNED"] : [])
            + (layer.outputs % 4 != 0 ? ["Y_UNALIGNED"] : [])
    }

    /// The macros of kernels that multiply bfloat16 numbers in pairs.
    var dotMacros: [String] { bfloat16Dot?.macros ?? [] }

    /// The chosen engine, else the fastest measured for these sizes, else the default.
    func linearEngine(
        rows: Int, inputs: Int, outputs: Int, groups: Int
    ) -> LinearEngine {
        chosenLinearEngine ?? linearTuning.engine(rows: rows, inputs: inputs, outputs: outputs)
            ?? untunedEngine(rows: rows, inputs: inputs, outputs: outputs, groups: groups)
    }

    /// The engine of a layer that was not tuned: the device's default, on matrix instructions with
    /// the tile that ``MatrixTile/fastest(for:_:on:)`` predicts.
    package func untunedEngine(
        rows: Int, inputs: Int, outputs: Int, groups: Int = 1
    ) -> LinearEngine {
        guard case .mma = defaultLinearEngine, !isDefaultEngineFixed else {
            return defaultLinearEngine
        }
        let work = MatrixWork(
            rows: rows, inputs: inputs, outputs: outputs, groups: groups,
            elementBytes: precision.elementByteCount)
        if let tile = predictedTiles[work] { return .mma(tile) }
        let tile = MatrixTile.fastest(
            for: work, matrixInstructions, on: MatrixProcessor(context))
        predictedTiles[work] = tile
        return .mma(tile)
    }

    /// All engines that a layer may use, depending on the batch size.
    func linearEngines(inputs: Int, outputs: Int) -> Set<LinearEngine> {
        if let chosenLinearEngine { return [chosenLinearEngine] }
        let tuned = linearTuning.engines(inputs: inputs, outputs: outputs)
        return tuned.isEmpty ? [defaultLinearEngine] : tuned
    }
}
