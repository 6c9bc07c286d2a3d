internal import DVTCore

/// What a stage keeps for the next one: the features before its last LayerNorm, and the attention
/// logits of all its blocks.
package struct StageState<DeviceTensor> {
    /// F, `[B, T, D]`, or nil if the next stage reuses none.
    package var features: DeviceTensor?
    /// A, `[B, LH, T, T]`, or nil if the next stage reuses none.
    package var relations: DeviceTensor?

    package init(features: DeviceTensor? = nil, relations: DeviceTensor? = nil) {
        self.features = features
        self.relations = relations
    }

    /// The state of selected images, appended to that of others.
    ///
    /// - Parameters:
    ///   - rows: the rows of the selected images in the batch.
    ///   - others: the state that comes first, or nil.
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

/// The MLPs that transform the earlier stage's state for this stage.
struct StageReuse<B: Backend> {
    private let features: B.FeatureReuseLayer?
    private let relations: B.RelationReuseLayer?
    private let resampling: GridResampling
    private let depth: Int
    private let heads: Int
    private let activation: Activation

    /// Creates the layers.
    ///
    /// - Parameters:
    ///   - parameters: the stage's parameters.
    ///   - cascade: the cascade's configuration.
    ///   - stage: the stage, at least 1.
    ///   - blocks: the feature-reuse MLP of each block; empty if features are not reused.
    /// - Throws: the backend's error.
    init(
        _ parameters: ParameterBuilder<B>, _ cascade: CascadeConfiguration, stage: Int,
        features blocks: [FeatureReuseParameters<B.DeviceTensor>]
    ) throws {
        let (source, target) = (cascade.stages[stage - 1], cascade.stages[stage])
        features = blocks.isEmpty ? nil : try parameters.backend.makeFeatureReuse(blocks)
        relations =
            cascade.relationReuse
            ? try parameters.backend.makeRelationReuse(
                RelationReuseParameters(
                    parameters.scoped("relation_reuse"), channels: target.depth * target.heads))
            : nil
        resampling = GridResampling(from: source.grid, to: target.grid)
        depth = target.depth
        heads = target.heads
        activation = target.activation
    }

    /// What each block of this stage reuses from the state.
    func callAsFunction(
        _ state: StageState<B.DeviceTensor>, on backend: B
    ) throws -> [BlockReuse<B.DeviceTensor>] {
        var blocks = [BlockReuse<B.DeviceTensor>](repeating: BlockReuse(), count: depth)
        if let upstream = state.features, let features {
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

extension FeatureReuseParameters {
    /// The MLP of one block: LayerNorm over D', fc1 D' to 128, fc2 128 to 48.
    init<B: Backend>(
        _ parameters: ParameterBuilder<B>, _ cascade: CascadeConfiguration, stage: Int
    ) throws where DeviceTensor == B.DeviceTensor {
        let width = cascade.stages[stage - 1].width
        let (hidden, outputs) = (cascade.reuseHidden, cascade.reuseWidth)
        let norm = try parameters.norm(
            "norm", width, epsilon: cascade.stages[stage].layerNormEpsilon)
        self.init(
            // The MindSpore models have the LayerNorm's parameters but do not apply it.
            norm: cascade.normalizesReusedFeatures ? norm : nil,
            fc1: try parameters.linearParameters("fc1", [hidden, width]),
            fc2: try parameters.linearParameters("fc2", [outputs, hidden]))
    }
}

extension RelationReuseParameters {
    /// The two 1x1 convolutions over LH channels.
    init<B: Backend>(_ parameters: ParameterBuilder<B>, channels: Int) throws
    where DeviceTensor == B.DeviceTensor {
        self.init(
            expand: try parameters.linearParameters("expand", [3 * channels, channels, 1, 1]),
            contract: try parameters.linearParameters("contract", [channels, 3 * channels, 1, 1]))
    }
}
