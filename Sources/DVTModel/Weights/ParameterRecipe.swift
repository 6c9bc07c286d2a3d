internal import DVTCore

/// How the tensors of a checkpoint give a parameter of the network.
///
/// Networks that differ in their tensors but compute the same are the same to ``VisionTransformer``:
/// LayerScale is part of the layer before it, registers are prefix tokens without a position, and
/// two averaged heads are one head of two tokens.
struct ParameterRecipe {
    /// The tensors, with the shapes that they must have.
    let parts: [StoredTensor]
    /// Makes the parameter of the tensors, in the same order; nil if these are its rows, under the
    /// usual names of the checkpoint's family.
    let combine: (([Tensor]) -> Tensor)?

    init(_ parts: [StoredTensor], combine: (([Tensor]) -> Tensor)? = nil) {
        self.parts = parts
        self.combine = combine
    }
}

/// The recipes of a checkpoint, which depend on the tensors that it has.
struct ParameterRecipes {
    let naming: ParameterNaming
    /// Whether positions of another square grid are resampled.
    let resamplesPositions: Bool
    /// Whether a head of zeros takes the place of one that the checkpoint lacks.
    var fillsHead = false
    /// The shapes of the tensors, by their names without prefixes.
    let shapes: [String: Shape]

    /// The recipe of a parameter.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: the recipe; that of the usual tensors if the checkpoint has neither.
    func recipe(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) -> ParameterRecipe {
        let usual = ParameterRecipe(
            naming.storedTensors(parameter, stages: configuration.stages.count))
        guard usual.parts.count == 1, !naming.isOfCascades else { return usual }
        let (name, stage) = (usual.parts[0].name, configuration.stages[parameter.stage])
        if parameter.role.isHead {
            guard !fillsHead else {
                return ParameterRecipe([]) { _ in Tensor(parameter.shape, repeating: 0) }
            }
            return averagedHeads(parameter) ?? usual
        }
        if let query = pooledQuery(parameter, name) { return query }
        if let layer = layer(parameter, name, stage) { return layer }
        // Files that this package has written have every parameter itself.
        guard shapes[name] != parameter.shape else { return usual }
        return switch parameter.role {
        case .classToken: prefixTokens(parameter) ?? usual
        case .positions: positions(parameter, name, prefix: stage.prefixTokens) ?? usual
        case .normScale, .normShift: pooledNorm(parameter, stage) ?? usual
        default: usual
        }
    }

    /// The class token, the distillation token and registers, where the file has them apart.
    private func prefixTokens(_ parameter: ParameterSpecification) -> ParameterRecipe? {
        let width = parameter.shape[2]
        let parts = naming.prefixTokens.compactMap { name in
            shapes[name].map { shape in
                // CLIP's class token is a vector.
                StoredTensor(
                    name: name,
                    shape: shape.rank == 1 ? [width] : [1, shape.rank > 1 ? shape[1] : 0, width])
            }
        }
        let count = parts.reduce(0) { $0 + ($1.shape.rank == 1 ? 1 : $1.shape[1]) }
        guard count == parameter.shape[1] else { return nil }
        return ParameterRecipe(parts) { .joined($0, as: parameter.shape) }
    }

    /// Positions of the patches alone, or of the class token and the patches.
    ///
    /// The other tokens have none. Positions of another grid are resampled if they may be.
    private func positions(
        _ parameter: ParameterSpecification, _ name: String, prefix: Int
    ) -> ParameterRecipe? {
        let (patches, width) = (parameter.shape[1] - prefix, parameter.shape[2])
        guard let stored = shapes[name], (2...3).contains(stored.rank), stored[-1] == width else {
            return nil
        }
        // CLIP's positions are a matrix.
        let shape: Shape = stored.rank == 2 ? [1, stored[0], width] : stored
        guard
            let first = [prefix, 1, 0].first(where: { first in
                let stored = shape[1] - first
                return first <= prefix
                    && (stored == patches || resamplesPositions && squareSide(stored) != nil)
            })
        else { return nil }
        return ParameterRecipe([StoredTensor(name: name, shape: stored)]) { parts in
            let values = parts[0].values
            let zeros = [Float](repeating: 0, count: (prefix - first) * width)
            let all = Tensor(
                [1, shape[1] + prefix - first, width],
                values: values[..<(first * width)] + zeros + values[(first * width)...])
            guard all.shape != parameter.shape else { return all }
            let resampling: CubicResampling = naming == .timm ? .antialiased : .interpolated
            return resampling.resampled(all, to: parameter.shape, prefix: prefix)
        }
    }

    /// The layer of ``AttentionPooling``: rows of zeros and the layer of k and v; its bias is the
    /// projected query and the bias of k and v.
    private func pooledQuery(
        _ parameter: ParameterSpecification, _ name: String
    ) -> ParameterRecipe? {
        guard let tensors = naming.attentionPooling, shapes[name] == nil,
            ["attn_pool.qkv.weight", "attn_pool.qkv.bias"].contains(parameter.name)
        else { return nil }
        let width = parameter.shape[0] / 3
        // PyTorch's MultiheadAttention has q, k and v in one layer.
        let rows = tensors.q == nil ? 3 * width : 2 * width
        let weight = StoredTensor(name: "\(tensors.kv)weight", shape: [rows, width])
        guard parameter.role.isBias else {
            return ParameterRecipe([weight]) { parts in
                let zeros = [Float](repeating: 0, count: width * width)
                return Tensor(
                    parameter.shape, values: zeros + parts[0].values.suffix(2 * width * width))
            }
        }
        let query = StoredTensor(name: tensors.query, shape: [1, 1, width])
        let bias = StoredTensor(name: "\(tensors.kv)bias", shape: [rows])
        let projection =
            tensors.q.map { q in
                [
                    StoredTensor(name: "\(q)weight", shape: [width, width]),
                    StoredTensor(name: "\(q)bias", shape: [width]),
                ]
            } ?? [weight, bias]
        return ParameterRecipe([query, bias] + projection) { parts in
            let (query, kv) = (parts[0].values, parts[1].values.suffix(2 * width))
            let q = (0..<width).map { row in
                let products = zip(query, parts[2].values[row * width..<(row + 1) * width])
                return Float(
                    products.reduce(Double(parts[3].values[row])) {
                        $0 + Double($1.0) * Double($1.1)
                    })
            }
            return Tensor(parameter.shape, values: q + kv)
        }
    }

    /// The heads of a distilled DeiT, whose outputs are averaged, as one head.
    private func averagedHeads(_ parameter: ParameterSpecification) -> ParameterRecipe? {
        let isWeight = parameter.role == .headWeight
        let heads = naming.averagedHeads.map { "\($0).\(isWeight ? "weight" : "bias")" }
        guard heads.count == 2, heads.allSatisfy({ shapes[$0] != nil }) else { return nil }
        let own: Shape =
            isWeight ? [parameter.shape[0], parameter.shape[1] / 2] : parameter.shape
        return ParameterRecipe(heads.map { StoredTensor(name: $0, shape: own) }) { parts in
            guard isWeight else {
                return Tensor(
                    parameter.shape,
                    values: zip(parts[0].values, parts[1].values).map { 0.5 * ($0 + $1) })
            }
            let width = own[1]
            let rows = (0..<own[0]).flatMap { row in
                parts.flatMap { $0.values[row * width..<(row + 1) * width].map { 0.5 * $0 } }
            }
            return Tensor(parameter.shape, values: rows)
        }
    }

    /// The last LayerNorm, which timm calls `fc_norm` where it follows the pooling.
    private func pooledNorm(
        _ parameter: ParameterSpecification, _ stage: VisionTransformerConfiguration
    ) -> ParameterRecipe? {
        guard stage.normalizesPooled, let name = naming.pooledNorm(parameter.name),
            shapes[name] != nil
        else { return nil }
        return ParameterRecipe([StoredTensor(name: name, shape: parameter.shape)]) { $0[0] }
    }

    /// A layer with the LayerScale after it, or the bias of patches that have none.
    private func layer(
        _ parameter: ParameterSpecification, _ name: String,
        _ stage: VisionTransformerConfiguration
    ) -> ParameterRecipe? {
        if parameter.name == "patch_embed.proj.bias", stage.normalizesEmbedding,
            shapes[name] == nil
        {
            return ParameterRecipe([]) { _ in Tensor(parameter.shape, repeating: 0) }
        }
        guard let scale = layerScale(after: parameter.name) else { return nil }
        let rows = parameter.shape[0]
        let parts = [
            StoredTensor(name: name, shape: parameter.shape),
            StoredTensor(name: scale, shape: [rows]),
        ]
        return ParameterRecipe(parts) { parts in
            let (values, factors) = (parts[0].values, parts[1].values)
            let width = values.count / rows
            return Tensor(
                parameter.shape, values: values.indices.map { values[$0] * factors[$0 / width] })
        }
    }

    /// The name of the LayerScale after a block's layer, or nil.
    private func layerScale(after name: String) -> String? {
        let parts = name.split(separator: ".")
        guard parts.count == 5, parts[0] == "blocks",
            let index = ["attn.proj", "mlp.fc2"].firstIndex(of: "\(parts[2]).\(parts[3])")
        else { return nil }
        return naming.layerScales(block: String(parts[1]), index).first { shapes[$0] != nil }
    }
}
