public import DVTCore
public import DVTModel

/// What every exit of a cascade saw of one image, and which exit the image takes.
public struct Explanation: Sendable {
    /// All exits, also those that the image does not reach.
    public let exits: [ExitExplanation]
    /// The exit that it takes, from 0.
    public let exit: Int
}

/// What one exit of a cascade saw of one image.
public struct ExitExplanation: Sendable {
    /// The side g of the token grid.
    public let grid: Int
    /// The share of the class token's attention that each of the g * g tokens has, row-major; see
    /// ``AttentionRollout``.
    public let attention: [Double]
    /// The likeliest classes and their probabilities, likeliest first.
    public let top: [ClassConfidence]
    /// The softmax probability of the likeliest class.
    public let confidence: Float
    /// What is compared with a threshold; the confidence where the policy says nothing else.
    public let score: Float
    /// The multiply-adds of an image that leaves here.
    public let multiplyAdds: Int
}

extension DynamicVisionTransformer {
    /// Runs all stages and tells what each exit saw.
    ///
    /// Every block's attention logits are read back, so this takes several times as long as
    /// classifying.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`, normalized.
    ///   - policy: which images leave at which exit.
    ///   - topK: how many classes each exit lists.
    /// - Returns: one explanation an image.
    /// - Throws: ``/DVTModel/ModelError`` if images or policy do not fit or an exit's confidence is
    ///   not a number, or the backend's error.
    public func explain(
        _ images: Tensor, policy: ExitPolicy, topK: Int = 5
    ) throws -> [Explanation] {
        try policy.check(stages: configuration.stages.count)
        var exits: [[ExitExplanation]] = []
        var blocks: [Tensor] = []
        let keepRelations = { (name: String, tensor: Tensor) in
            // stage1.block0.relation, and no reused_relation.
            if name.hasSuffix(".relation") { blocks.append(tensor) }
        }
        try run(images, policy: .allExits, trace: keepRelations) { visit in
            var rollout = AttentionRollout()
            for logits in blocks { try rollout.append(logits) }
            blocks = []
            // A run through all exits has the plain confidence alone.
            let confidences = try policy.scoring.confidences(
                visit.logits, exit: visit.exit, on: backend)
            exits.append(
                try explanations(visit, confidences, rollout.classAttention(), topK: topK))
        }
        return (exits.first ?? []).indices.map { image in
            let exits = exits.map { $0[image] }
            return Explanation(exits: exits, exit: policy.exit(for: exits.map(\.score)))
        }
    }

    /// What one exit saw of every image.
    private func explanations(
        _ visit: ExitVisit<B.DeviceTensor>, _ confidences: [ClassConfidence],
        _ attention: [[Double]], topK: Int
    ) throws -> [ExitExplanation] {
        let logits = try backend.download(visit.logits)
        let classes = logits.shape[1]
        return try visit.rows.indices.map { image in
            // What decides, and not the top class's probability, which is summed in Double.
            let confidence = confidences[image].confidence
            guard confidence.isFinite else {
                throw ModelError.notFinite(exit: visit.exit, image: image)
            }
            let row = logits.values[image * classes..<(image + 1) * classes]
            return ExitExplanation(
                grid: configuration.stages[visit.exit].grid, attention: attention[image],
                top: ClassConfidence.top(row, count: topK), confidence: confidence,
                score: confidences[image].score,
                multiplyAdds: configuration.cumulativeMultiplyAdds[visit.exit])
        }
    }
}
