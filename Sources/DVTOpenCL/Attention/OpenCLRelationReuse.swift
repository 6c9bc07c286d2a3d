import DVTCore
import DVTSupport
import OpenCLRuntime

/// The relation-reuse MLP of a stage on an OpenCL device.
public final class OpenCLRelationReuse {
    let parameters: RelationReuseParameters<OpenCLTensor>
    private var packed: PackedRelationMLP?

    init(_ parameters: RelationReuseParameters<OpenCLTensor>) {
        self.parameters = parameters
    }

    /// The parameters as `relation_mma.cl` reads them, packed at the first use and again after the
    /// parameters have changed in place.
    func packed(on backend: OpenCLBackend) throws -> PackedRelationMLP {
        if let packed, packed.versions == PackedRelationMLP.versions(of: parameters) {
            return packed
        }
        let packed = try PackedRelationMLP(parameters, on: backend)
        self.packed = packed
        return packed
    }
}

/// The parameters of a relation-reuse MLP as packed fragments; see `relation_mma.cl`.
struct PackedRelationMLP {
    let expand: OpenCLTensor
    let expandBias: OpenCLTensor
    let contract: OpenCLTensor
    let contractBias: OpenCLTensor
    let versions: [Int]

    init(
        _ parameters: RelationReuseParameters<OpenCLTensor>, on backend: OpenCLBackend
    ) throws {
        (expand, expandBias) = try Self.packed(parameters.expand, on: backend)
        (contract, contractBias) = try Self.packed(parameters.contract, on: backend)
        versions = Self.versions(of: parameters)
    }

    static func versions(of parameters: RelationReuseParameters<OpenCLTensor>) -> [Int] {
        [parameters.expand, parameters.contract].flatMap {
            [$0.weight.version, $0.bias?.version ?? 0]
        }
    }

    private static func packed(
        _ layer: LinearParameters<OpenCLTensor>, on backend: OpenCLBackend
    ) throws -> (weight: OpenCLTensor, bias: OpenCLTensor) {
        let (rows, columns) = (layer.weight.shape[0], layer.weight.shape[1])
        let weight = try backend.packedFragments(of: layer.weight.reshaped([rows, columns]))
        let padded = rows.roundedUp(toMultipleOf: 16)
        guard let given = layer.bias else {
            return (weight, try backend.upload(Tensor([padded], repeating: 0)))
        }
        let bias = try backend.makeScratch([padded], .float32)
        try backend.enqueuePadding(
            of: given, to: bias.buffer, rows: 1, columns: rows, pitch: padded)
        return (weight, bias)
    }
}

/// How `relation_mma.cl` divides the pairs of tokens into work-groups.
struct MatrixRelationMLP: Equatable {
    let channelFragments: Int
    let hiddenFragments: Int
    /// The fragments of 16 pairs per subgroup; with two, a weight is loaded once for both.
    let pairFragments: Int
    let subgroups = 4

    /// The division, or nil if the channels are too many for the registers.
    ///
    /// - Parameters:
    ///   - sizes: the sizes of the MLP.
    ///   - instructions: the matrix instructions.
    init?(_ sizes: RelationReuseSizes, _ instructions: MatrixInstructions) {
        channelFragments = ceilDiv(sizes.channels, 16)
        hiddenFragments = ceilDiv(sizes.hidden, 16)
        let limits = Self.maxChannelFragments(instructions.family)
        guard channelFragments > 0, hiddenFragments > 0, channelFragments <= limits.alone else {
            return nil
        }
        pairFragments = channelFragments <= limits.paired ? 2 : 1
    }

    /// The most fragments of channels whose sums stay in registers, for one fragment of pairs and
    /// for two.
    private static func maxChannelFragments(
        _ family: MatrixInstructions.Family
    ) -> (alone: Int, paired: Int) {
        switch family {
        case .ptx, .cdna, .rdna3, .rdna4, .emulated: (10, 5)
        case .xmx16: (6, 2)
        case .xmx8: (3, 0)
        }
    }

    /// The pairs of a work-group.
    var pairs: Int { 16 * pairFragments * subgroups }

    /// The macros of the kernel.
    func macros(_ activation: Activation) -> [String] {
        [
            "CHANNEL_FRAGMENTS=\(channelFragments)", "HIDDEN_FRAGMENTS=\(hiddenFragments)",
            "PAIR_FRAGMENTS=\(pairFragments)", "SUBGROUPS=\(subgroups)",
            "ACTIVATION=\(activation.kernelCode)",
        ] + activation.macros
    }
}

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/makeRelationReuse(_:)``.
    public func makeRelationReuse(
        _ parameters: RelationReuseParameters<OpenCLTensor>
    ) -> OpenCLRelationReuse { OpenCLRelationReuse(parameters) }

    /// Runs the MLP by `relation_mma.cl`.
    func matrixRelationReuse(
        _ relations: OpenCLTensor, _ layer: OpenCLRelationReuse, activation: Activation,
        _ plan: MatrixRelationMLP, _ sizes: RelationReuseSizes
    ) throws -> OpenCLTensor {
        let input = try paddedRelations(relations)
        let mixed = try makeTensor(relations.shape, rowPitch: input.rowPitch)
        let weights = try layer.packed(on: self)
        let pairs = sizes.tokens * input.rowPitch
        guard pairs > 0, sizes.batch > 0 else { return mixed }
        try enqueue(
            KernelCall(
                "relation_mma", in: "relation_mma",
                macros: plan.macros(activation), instructions: matrixInstructions,
                [
                    "mixed": .tensor(mixed), "relations": .tensor(input),
                    "expand": .tensor(weights.expand),
                    "expand_bias": .float32(weights.expandBias),
                    "contract": .tensor(weights.contract),
                    "contract_bias": .float32(weights.contractBias), "pairs": .int(pairs),
                    "channels": .int(sizes.channels),
                ],
                over: .groups(
                    [ceilDiv(pairs, plan.pairs), sizes.batch],
                    items: [matrixInstructions.lanes * plan.subgroups, 1])))
        return mixed
    }
}
