import DVTCore

/// The feature-reuse MLPs of all blocks of a stage as one.
///
/// `fc1(LN(F))` of a block is `(fc1 diag(weight)) n + (fc1 bias + bias1)`, n being F normalized
/// without weight and bias: the same for all blocks.
final class StackedMLPs {
    /// Of ones and zeros, or nil where there is no LayerNorm.
    let norm: LayerNormParameters<OpenCLTensor>?
    /// All first maps, `[L F, D']`.
    let expand: LinearParameters<OpenCLTensor>
    /// All second maps, `[L E, F]`: L groups.
    let contract: LinearParameters<OpenCLTensor>
    /// What they were made of, but for the first tensor, which holds this.
    private let sources: [OpenCLTensor]

    /// Whether blocks of equal sizes agree in what is not a size.
    static func canStack(_ blocks: [FeatureReuseParameters<OpenCLTensor>]) -> Bool {
        blocks.allSatisfy { $0.norm?.epsilon == blocks[0].norm?.epsilon }
    }

    /// The stacked parameters of blocks, made once and kept with the first block's weight.
    ///
    /// - Parameters:
    ///   - blocks: one or more blocks of equal sizes.
    ///   - backend: the device that holds them.
    /// - Returns: the stacked parameters.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the device fails.
    static func of(
        _ blocks: [FeatureReuseParameters<OpenCLTensor>], on backend: OpenCLBackend
    ) throws -> StackedMLPs {
        let sources = Array(blocks.flatMap(\.tensors).dropFirst())
        let first = blocks[0].fc1.weight
        if let stacked = first.stacked, stacked.sources.elementsEqual(sources, by: ===) {
            return stacked
        }
        let stacked = try StackedMLPs(blocks, sources, on: backend)
        first.stacked = stacked
        return stacked
    }

    private init(
        _ blocks: [FeatureReuseParameters<OpenCLTensor>], _ sources: [OpenCLTensor],
        on backend: OpenCLBackend
    ) throws {
        self.sources = sources
        let (hidden, inputs) = (blocks[0].fc1.weight.shape[0], blocks[0].fc1.weight.shape[1])
        let outputs = blocks[0].fc2.weight.shape[0]
        norm = try blocks[0].norm.map { norm in
            LayerNormParameters(
                weight: try backend.upload(Tensor([inputs], repeating: 1)),
                bias: try backend.upload(Tensor([inputs], repeating: 0)), epsilon: norm.epsilon)
        }
        let folded = try blocks.map { try FoldedMap($0, on: backend) }
        expand = LinearParameters(
            weight: try backend.upload(
                Tensor([blocks.count * hidden, inputs], values: folded.flatMap(\.weight))),
            bias: try backend.upload(
                Tensor([blocks.count * hidden], values: folded.flatMap(\.bias))))
        let weights = try blocks.flatMap { try backend.download($0.fc2.weight).values }
        let biases = try blocks.flatMap { block in
            try block.fc2.bias.map { try backend.download($0).values }
                ?? [Float](repeating: 0, count: outputs)
        }
        contract = LinearParameters(
            weight: try backend.upload(Tensor([blocks.count * outputs, hidden], values: weights)),
            bias: try backend.upload(Tensor([blocks.count * outputs], values: biases)))
    }
}

/// A block's first map with its LayerNorm's weight and bias in it.
private struct FoldedMap {
    let weight: [Float]
    let bias: [Float]

    init(_ block: FeatureReuseParameters<OpenCLTensor>, on backend: OpenCLBackend) throws {
        let map = try backend.download(block.fc1.weight)
        let (hidden, inputs) = (map.shape[0], map.shape[1])
        let offsets = try block.fc1.bias.map { try backend.download($0).values }
        let bias1 = offsets ?? [Float](repeating: 0, count: hidden)
        guard let norm = block.norm else {
            (weight, bias) = (map.values, bias1)
            return
        }
        let scale = try backend.download(norm.weight).values
        let shift = try backend.download(norm.bias).values
        weight = map.values.indices.map { map.values[$0] * scale[$0 % inputs] }
        bias = (0..<hidden).map { row in
            let sum = (0..<inputs).reduce(Double(bias1[row])) {
                $0 + Double(map.values[row * inputs + $1]) * Double(shift[$1])
            }
            return Float(sum)
        }
    }
}

extension FeatureReuseParameters<OpenCLTensor> {
    /// All its tensors, the first map's weight first.
    fileprivate var tensors: [OpenCLTensor] {
        [
            fc1.weight, fc1.bias, fc2.weight, fc2.bias, norm?.weight, norm?.bias,
        ].compactMap { $0 }
    }
}
