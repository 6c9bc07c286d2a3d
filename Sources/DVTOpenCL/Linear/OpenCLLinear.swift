import DVTCore
import DVTSupport
import OpenCLRuntime

/// A linear layer on an OpenCL device, with its weight in the layouts that its engines read.
///
/// The weight may stack several groups of rows, each for its own part of the input rows.
public final class OpenCLLinear {
    /// `[groups x outputs, ...]`, `inputs` elements per row.
    let weight: OpenCLTensor
    /// `[groups x outputs]`, or nil.
    let bias: OpenCLTensor?
    let groups: Int
    /// The length of a group's input and output rows.
    let (inputs, outputs): (Int, Int)
    private var layouts: [WeightLayout: (tensor: OpenCLTensor, version: Int)] = [:]
    /// The layer with the LayerNorm before it folded in, once it was needed.
    private var folded: FoldedLinear?
    /// The layer of the backward pass, once it was needed.
    private var transposed: (layer: OpenCLLinear, version: Int)?

    init(_ parameters: LinearParameters<OpenCLTensor>, groups: Int = 1) {
        weight = parameters.weight
        bias = parameters.bias
        self.groups = groups
        let rows = parameters.weight.shape.rank > 0 ? parameters.weight.shape[0] : 0
        outputs = rows / groups
        inputs = parameters.weight.shape.elementCount / max(rows, 1)
    }

    /// The layer with a LayerNorm folded in, written on first use and rewritten after parameters of
    /// either have changed.
    func folded(
        _ norm: LayerNormParameters<OpenCLTensor>, fold: () throws -> FoldedLinear
    ) rethrows -> FoldedLinear {
        if let folded, folded.norm === norm.weight, folded.versions == versions(with: norm) {
            return folded
        }
        let folded = try fold()
        self.folded = folded
        return folded
    }

    /// The layer that multiplies by the transposed weight, written on first use and rewritten after
    /// the weight has changed.
    ///
    /// - Parameter transpose: returns the transposed weight, `[inputs, outputs]`.
    /// - Returns: the layer, without a bias.
    func transposed(_ transpose: () throws -> OpenCLTensor) rethrows -> OpenCLLinear {
        if let transposed, transposed.version == weight.version { return transposed.layer }
        let layer = OpenCLLinear(LinearParameters(weight: try transpose(), bias: nil))
        transposed = (layer, weight.version)
        return layer
    }

    /// The versions of the parameters of the layer and of a LayerNorm.
    func versions(with norm: LayerNormParameters<OpenCLTensor>) -> [Int] {
        [weight.version, bias?.version ?? 0, norm.weight.version, norm.bias.version]
    }

    /// The layout of a weight in memory.
    enum WeightLayout: Hashable {
        /// Panels with this number of outputs, for `linear_packed.cl`.
        case panels(Int)
        /// The same with neighboring inputs side by side.
        case pairedPanels(Int)
        /// The transposed weight in panels with this number of inputs, for the backward pass.
        case transposedPanels(Int)
        /// Rows padded to a multiple of 16 bytes, for `linear_float.cl` and `linear_mma.cl`.
        case paddedRows
    }

    /// The weight in a layout, written on first use and rewritten after the weight has changed.
    ///
    /// - Parameters:
    ///   - layout: the layout.
    ///   - allocate: allocates its memory.
    ///   - fill: writes it.
    /// - Returns: the memory.
    func weight(
        in layout: WeightLayout, allocate: () throws -> OpenCLTensor,
        fill: (Buffer) throws -> Void
    ) rethrows -> Buffer {
        if let copy = layouts[layout], copy.version == weight.version { return copy.tensor.buffer }
        let copy = try layouts[layout]?.tensor ?? allocate()
        try fill(copy.buffer)
        layouts[layout] = (copy, weight.version)
        return copy.buffer
    }
}

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/makeLinear(_:)``.
    ///
    /// The weight is packed for the engines that tuning found fastest for its sizes, else for the
    /// device's default.
    public func makeLinear(_ parameters: LinearParameters<OpenCLTensor>) throws -> OpenCLLinear {
        try makeLinear(parameters, groups: 1)
    }

    /// A grouped layer: each group maps its own `inputs` of every row to its own `outputs`.
    func makeLinear(
        _ parameters: LinearParameters<OpenCLTensor>, groups: Int
    ) throws -> OpenCLLinear {
        let layer = OpenCLLinear(parameters, groups: groups)
        guard layer.inputs > 0, layer.outputs > 0 else { return layer }
        for engine in linearEngines(inputs: layer.inputs, outputs: layer.outputs) {
            _ = try preparedWeight(of: layer, for: engine)
        }
        return layer
    }

    /// The weight as an engine's kernel reads it.
    func preparedWeight(of layer: OpenCLLinear, for engine: LinearEngine) throws -> Buffer {
        switch engine {
        case .clblast, .tile: layer.weight.buffer
        case .packed(let tile): try packedWeight(of: layer, by: tile, dot: dotMacros)
        case .float, .mma: try paddedWeight(of: layer)
        }
    }

    /// The weight in panels.
    ///
    /// - Parameters:
    ///   - layer: the layer.
    ///   - tile: the tile, which sets the width of a panel.
    ///   - macros: the macros of kernels that multiply neighboring inputs together, or none.
    /// - Returns: the memory.
    /// - Throws: the device's error.
    func packedWeight(
        of layer: OpenCLLinear, by tile: PackedTile, dot macros: [String] = []
    ) throws -> Buffer {
        let panels = layer.groups * tile.padded(layer.outputs) / tile.panel
        let isPaired = !macros.isEmpty
        let inputs = isPaired ? layer.inputs.roundedUp(toMultipleOf: 2) : layer.inputs
        return try layer.weight(in: isPaired ? .pairedPanels(tile.panel) : .panels(tile.panel)) {
            try makeScratch([panels, inputs, tile.panel])
        } fill: { packed in
            try enqueue(
                KernelCall(
                    "pack_panels", in: "linear_packed", macros: tile.macros + macros,
                    [
                        "packed": .buffer(packed), "weight": .tensor(layer.weight),
                        "inputs": .int(layer.inputs), "outputs": .int(layer.outputs),
                        "panels": .int(panels), "groups": .int(layer.groups),
                    ], over: .elements(tile.panel, inputs, panels)))
        }
    }

    /// The weight with rows padded to a multiple of 16 bytes.
    private func paddedWeight(of layer: OpenCLLinear) throws -> Buffer {
        let (inputs, outputs) = (layer.inputs, layer.groups * layer.outputs)
        let pitch = inputs.roundedUp(toMultipleOf: 16 / precision.elementByteCount)
        guard pitch > inputs else { return layer.weight.buffer }
        return try layer.weight(in: .paddedRows) {
            try makeScratch([outputs, pitch])
        } fill: { padded in
            try enqueuePadding(
                of: layer.weight, to: padded, rows: outputs, columns: inputs, pitch: pitch)
        }
    }
}
