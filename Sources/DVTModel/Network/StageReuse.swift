import DVTCore

/// What a stage hands on: features before its last LayerNorm and all blocks' attention logits.
package struct StageState<DeviceTensor> {
    /// F, `[B, T, D]`, or nil where the next stage reuses none.
    package var features: DeviceTensor?
    /// A, `[B, LH, T, T]`, or nil where the next stage reuses none.
    package var relations: DeviceTensor?

    /// The same state for some of the images, behind that of others.
    ///
    /// - Parameters:
    ///   - rows: the images kept, by their rows in the batch.
    ///   - others: the images that come first, or nil.
    ///   - backend: the device that holds the state.
    /// - Returns: a dense state.
    /// - Throws: the backend's error.
    func gathered<B: Backend>(_ rows: [Int], after others: Self?, on backend: B) throws -> Self
    where B.DeviceTensor == DeviceTensor {
        Self(
            features: try features.map {
                try backend.gather($0, rows: rows, after: others?.features)
            },
            relations: try relations.map {
                try backend.gather($0, rows: rows, after: others?.relations)
            })
    }
}

/// The transformations that make the earlier stage's state fit this stage.
struct StageReuse<B: Backend> {
    private let features: [FeatureReuseParameters<B.DeviceTensor>]
    private let relations: RelationReuseParameters<B.DeviceTensor>?
    private let resampling: GridResampling
    private let depth: Int
    private let heads: Int
    private let activation: Activation

    init(
        _ parameters: ModelParameters<B.DeviceTensor>, _ cascade: CascadeConfiguration, stage: Int
    ) {
        let (source, target) = (cascade.stages[stage - 1], cascade.stages[stage])
        let epsilon = target.layerNormEpsilon
        features =
            cascade.featureReuse
            ? (0..<target.depth).map { block in
                let mlp = parameters.scoped("blocks.\(block).feature_reuse")
                return FeatureReuseParameters(
                    norm: cascade.normalizesReusedFeatures
                        ? mlp.norm("norm", epsilon: epsilon) : nil,
                    fc1: mlp.linear("fc1"), fc2: mlp.linear("fc2"))
            } : []
        relations =
            cascade.relationReuse
            ? RelationReuseParameters(
                expand: parameters.linear("relation_reuse.expand"),
                contract: parameters.linear("relation_reuse.contract")) : nil
        resampling = GridResampling(from: source.grid, to: target.grid)
        depth = target.depth
        heads = target.heads
        activation = target.activation
    }

    /// What every block of this stage takes from the state.
    func callAsFunction(
        _ state: StageState<B.DeviceTensor>, on backend: B
    ) throws -> [BlockReuse<B.DeviceTensor>] {
        var blocks = [BlockReuse<B.DeviceTensor>](repeating: BlockReuse(), count: depth)
        if let upstream = state.features, !features.isEmpty {
            let reused = try backend.featureReuse(
                upstream, features, activation: activation, resampling: resampling)
            for (block, tensor) in reused.enumerated() {
                blocks[block].features = tensor
            }
        }
        if let upstream = state.relations, let relations {
            let coarse = try backend.relationReuse(upstream, relations, activation: activation)
            for block in blocks.indices {
                blocks[block].relations = ReusedRelations(
                    coarse: coarse, channel: block * heads, resampling: resampling)
            }
        }
        return blocks
    }
}
