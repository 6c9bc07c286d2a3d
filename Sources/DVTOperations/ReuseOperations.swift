import DVTCore

/// ``Backend/relationReuse(_:_:activation:)``.
package struct RelationReuseOperation: NetworkOperation {
    package let name = "relationReuse"
    let batch: Int
    let channels: Int
    let tokens: Int

    package init(batch: Int, channels: Int, tokens: Int) {
        self.batch = batch
        self.channels = channels
        self.tokens = tokens
    }

    private var relations: Shape { [batch, channels, tokens, tokens] }

    package var sizes: String { "B=\(batch) LH=\(channels) S=\(tokens)" }
    package var multiplyAdds: Int { 6 * channels * relations.elementCount }
    package var byteCount: Int { byteSum(relations, relations, [6 * channels, channels]) }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let x = try backend.upload(input("relations", relations, scale: 3))
        let layer = try backend.makeRelationReuse(
            RelationReuseParameters(
                expand: linearParameters("expand", from: channels, to: 3 * channels, on: backend),
                contract: linearParameters(
                    "contract", from: 3 * channels, to: channels, on: backend)))
        return { [try backend.relationReuse(x, layer, activation: .gelu)] }
    }
}

/// ``Backend/featureReuse(_:_:activation:resampling:)``.
package struct FeatureReuseOperation: NetworkOperation {
    package let name = "featureReuse"
    let batch: Int
    let resampling: GridResampling
    let width: Int
    let hidden: Int
    let outputs: Int
    let blocks: Int
    let hasNorm: Bool

    package init(
        batch: Int, from source: Int, to target: Int, width: Int, hidden: Int = 128,
        outputs: Int = 48, blocks: Int, hasNorm: Bool = true
    ) {
        self.batch = batch
        self.resampling = GridResampling(from: source, to: target)
        self.width = width
        self.hidden = hidden
        self.outputs = outputs
        self.blocks = blocks
        self.hasNorm = hasNorm
    }

    private var coarseTokens: Int { resampling.source * resampling.source + 1 }
    private var fineTokens: Int { resampling.target * resampling.target + 1 }

    /// A LayerNorm of one element always gives 0.
    package var hasGradient: Bool { width > 1 || !hasNorm }
    package var sizes: String {
        """
        B=\(batch) grid=\(resampling.source)->\(resampling.target) \(width)->\(hidden)->\(outputs) \
        L=\(blocks)\(hasNorm ? "" : " without norm")
        """
    }
    package var multiplyAdds: Int {
        blocks * batch * coarseTokens * (width * hidden + hidden * outputs)
    }
    package var byteCount: Int {
        byteSum(
            [batch, coarseTokens, width], [blocks, hidden, width + outputs],
            [blocks, batch, fineTokens, outputs])
    }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let features = try backend.upload(input("features", [batch, coarseTokens, width]))
        let parameters = try (0..<blocks).map { block in
            FeatureReuseParameters(
                norm: hasNorm
                    ? try normInput("\(block).norm", width: width, on: backend) : nil,
                fc1: try linearParameters("\(block).fc1", from: width, to: hidden, on: backend),
                fc2: try linearParameters("\(block).fc2", from: hidden, to: outputs, on: backend))
        }
        let layer = try backend.makeFeatureReuse(parameters)
        return {
            try backend.featureReuse(
                features, layer, activation: .gelu, resampling: resampling)
        }
    }
}
