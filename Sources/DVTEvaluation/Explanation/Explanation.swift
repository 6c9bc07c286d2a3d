package import DVTCore
package import DVTModel

/// The results and attention of all exits for one image, and the exit it takes.
package struct Explanation: Sendable {
    /// All exits, including those that the image does not reach.
    package let exits: [ExitExplanation]
    /// The exit that the image takes, from 0.
    package let exit: Int
}

/// The result and attention of one exit for one image.
package struct ExitExplanation: Sendable {
    /// The side g of the token grid.
    package let grid: Int
    /// The class token's attention to each of the g * g tokens, row-major; see
    /// ``AttentionRollout``.
    package let attention: [Double]
    /// The top-k classes with their probabilities, most probable first.
    package let top: [ClassConfidence]
    /// The softmax probability of the top-1 class.
    package let confidence: Float
    /// The score compared with the threshold; equal to the confidence unless the policy defines
    /// another score.
    package let score: Float
    /// The multiply-adds of an image that exits here.
    package let multiplyAdds: Int
}

extension DynamicVisionTransformer {
    /// Runs all stages and explains the result of each exit.
    ///
    /// The attention logits of every block are downloaded, so this is several times slower than
    /// classification.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`, normalized.
    ///   - policy: the exit policy.
    ///   - topK: the number of classes listed per exit.
    /// - Returns: one explanation per image.
    /// - Throws: ``/DVTModel/ModelError`` if the images or the policy do not fit or a confidence is
    ///   not finite, or the backend's error.
    package func explain(
        _ images: Tensor, policy: ExitPolicy, topK: Int = 5
    ) throws -> [Explanation] {
        try policy.check(stages: configuration.stages.count)
        var exits: [[ExitExplanation]] = []
        var blocks: [Tensor] = []
        let keepRelations = { (name: String, tensor: Tensor) in
            // Matches stage1.block0.relation, but not reused_relation.
            if name.hasSuffix(".relation") { blocks.append(tensor) }
        }
        try run(images, policy: .allExits, trace: keepRelations) { visit in
            var rollout = AttentionRollout()
            for logits in blocks { try rollout.append(logits) }
            blocks = []
            // A run with all exits reports only the plain confidence.
            let confidences = try policy.scoring.confidences(
                visit.logits, exit: visit.exit, on: backend)
            let stage = configuration.stages[visit.exit]
            let attention = rollout.attention(of: stage.tokenPooling, prefix: stage.prefixTokens)
            exits.append(try explanations(visit, confidences, attention, topK: topK))
        }
        return (exits.first ?? []).indices.map { image in
            let exits = exits.map { $0[image] }
            return Explanation(exits: exits, exit: policy.exit(for: exits.map(\.score)))
        }
    }

    /// Explains one exit for every image.
    private func explanations(
        _ visit: ExitVisit<B.DeviceTensor>, _ confidences: [ClassConfidence],
        _ attention: [[Double]], topK: Int
    ) throws -> [ExitExplanation] {
        let logits = try backend.download(visit.logits)
        let classes = logits.shape[1]
        return try visit.rows.indices.map { image in
            // The confidence used for decisions, not the top-1 probability, which is summed in
            // Double.
            let confidence = confidences[image].probability
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
