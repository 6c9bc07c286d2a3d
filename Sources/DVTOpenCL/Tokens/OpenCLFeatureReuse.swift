import DVTCore
import OpenCLRuntime

/// The feature-reuse MLPs of a stage on an OpenCL device.
///
/// All blocks read the same features, so blocks of equal size run as one stack.
public final class OpenCLFeatureReuse {
    let blocks: [FeatureReuseParameters<OpenCLTensor>]
    /// One stack of all blocks, or one per block if their sizes differ.
    let stacks: [StackedMLPs]

    init(_ blocks: [FeatureReuseParameters<OpenCLTensor>], on backend: OpenCLBackend) throws {
        self.blocks = blocks
        let areAlike = blocks.allSatisfy { $0.isStackable(with: blocks[0]) }
        let groups = areAlike ? [blocks] : blocks.map { [$0] }
        stacks = try groups.filter { !$0.isEmpty }.map { try StackedMLPs($0, on: backend) }
    }
}

extension FeatureReuseParameters<OpenCLTensor> {
    fileprivate func isStackable(with other: Self) -> Bool {
        fc1.weight.shape == other.fc1.weight.shape && fc2.weight.shape == other.fc2.weight.shape
            && norm?.epsilon == other.norm?.epsilon
    }

    fileprivate var tensors: [OpenCLTensor] {
        [fc1.weight, fc1.bias, fc2.weight, fc2.bias, norm?.weight, norm?.bias].compactMap { $0 }
    }
}

/// Feature-reuse MLPs of equal size, combined into one MLP.
///
/// `fc1(LN(F))` of a block is `(fc1 diag(scale)) n + (fc1 shift + bias)`, where n is F normalized
/// without scale and shift, which is the same for all blocks. All first layers therefore form one
/// wide layer after one LayerNorm, and the second layers form one grouped layer.
final class StackedMLPs {
    let count: Int
    /// A LayerNorm with scale 1 and shift 0, or nil if the blocks have none.
    let norm: LayerNormParameters<OpenCLTensor>?
    /// All first layers, `[L F, D']`.
    let expand: OpenCLLinear
    /// All second layers, `[L E, F]`, in L groups.
    let contract: OpenCLLinear
    private let blocks: [FeatureReuseParameters<OpenCLTensor>]
    private var versions: [Int] = []

    fileprivate init(
        _ blocks: [FeatureReuseParameters<OpenCLTensor>], on backend: OpenCLBackend
    ) throws {
        self.blocks = blocks
        count = blocks.count
        let (fc1, fc2) = (blocks[0].fc1.weight.shape, blocks[0].fc2.weight.shape)
        norm = try blocks[0].norm.map { norm in
            LayerNormParameters(
                weight: try backend.upload(Tensor([fc1[1]], repeating: 1)),
                bias: try backend.upload(Tensor([fc1[1]], repeating: 0)), epsilon: norm.epsilon)
        }
        func makeStack(_ layer: Shape) throws -> LinearParameters<OpenCLTensor> {
            let rows = blocks.count * layer[0]
            return LinearParameters(
                weight: try backend.makeScratch([rows, layer[1]]),
                bias: try backend.makeScratch([rows], .float32))
        }
        let (first, second) = (try makeStack(fc1), try makeStack(fc2))
        try Self.write(blocks, to: first, second, on: backend)
        expand = try backend.makeLinear(first)
        contract = try backend.makeLinear(second, groups: blocks.count)
        versions = currentVersions
    }

    /// Rewrites the stack if a block's parameters have changed in place.
    func update(on backend: OpenCLBackend) throws {
        guard versions != currentVersions else { return }
        let first = LinearParameters(weight: expand.weight, bias: expand.bias)
        let second = LinearParameters(weight: contract.weight, bias: contract.bias)
        try Self.write(blocks, to: first, second, on: backend)
        versions = currentVersions
    }

    private var currentVersions: [Int] { blocks.flatMap(\.tensors).map(\.version) }

    private static func write(
        _ blocks: [FeatureReuseParameters<OpenCLTensor>],
        to first: LinearParameters<OpenCLTensor>, _ second: LinearParameters<OpenCLTensor>,
        on backend: OpenCLBackend
    ) throws {
        for (index, block) in blocks.enumerated() {
            try backend.stack(block.fc1, behind: block.norm, at: index, of: first)
            try backend.stack(block.fc2, behind: nil, at: index, of: second)
        }
        first.weight.noteChange()
        second.weight.noteChange()
    }
}

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/makeFeatureReuse(_:)``.
    public func makeFeatureReuse(
        _ blocks: [FeatureReuseParameters<OpenCLTensor>]
    ) throws -> OpenCLFeatureReuse {
        try OpenCLFeatureReuse(blocks, on: self)
    }

    /// Copies a layer into a stack, with the LayerNorm before it folded in: see `stacking.cl`.
    fileprivate func stack(
        _ layer: LinearParameters<OpenCLTensor>, behind norm: LayerNormParameters<OpenCLTensor>?,
        at index: Int, of stack: LinearParameters<OpenCLTensor>
    ) throws {
        let (outputs, inputs) = (layer.weight.shape[0], layer.weight.shape[1])
        try enqueue(
            KernelCall(
                "stack_layer", in: "stacking",
                [
                    "stacked_weight": .tensor(stack.weight), "stacked_bias": .float32(stack.bias),
                    "weight": .tensor(layer.weight), "bias": .float32(layer.bias),
                    "scale": .float32(norm?.weight), "shift": .float32(norm?.bias),
                    "column_sums": .none,
                    "outputs": .int(outputs), "inputs": .int(inputs),
                    "first": .int(index * outputs),
                ], over: .elements(outputs)))
    }
}
