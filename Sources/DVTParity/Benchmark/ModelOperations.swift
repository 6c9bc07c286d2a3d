internal import DVTCore
internal import DVTModel
package import DVTOperations

/// An operation of a stage and its number of runs.
package struct CountedOperation: Sendable {
    /// The stage, from 0.
    package let stage: Int
    /// The operation with the sizes of the stage.
    package let operation: any Operation
    /// The number of runs per stage.
    package let count: Int
}

extension CascadeConfiguration {
    /// Returns the main operations of a cascade for a batch, stage by stage.
    ///
    /// Copies, soft splits and class tokens are omitted as negligible. Attention keeps its logits
    /// if the next stage reuses its relations. A stage that the next one does not reuse ends
    /// with a block that computes only the class tokens' rows.
    ///
    /// - Parameter batch: the batch size.
    /// - Returns: the operations, in the order of the network.
    package func operations(batch: Int) -> [CountedOperation] {
        stages.indices.flatMap { index in
            (tokenizerOperations(stage: index, batch: batch)
                + reuseOperations(stage: index, batch: batch)
                + blockOperations(stage: index, batch: batch))
                .map { CountedOperation(stage: index, operation: $0.0, count: $0.1) }
        }
    }

    private typealias Counted = (any Operation, Int)

    private func tokenizerOperations(stage index: Int, batch: Int) -> [Counted] {
        let stage = stages[index]
        guard stage.tokenizer != .linear else {
            return [
                (
                    PatchEmbedOperation(
                        batch: batch, channels: stage.channels, imageSize: stage.imageSize,
                        width: stage.width, geometry: stage.patch), 1
                )
            ]
        }
        return zip(stage.tokenizerGrids, stage.tokenizerInputs).flatMap {
            grid, inputs -> [Counted] in
            let rows = batch * grid * grid
            return [
                (LinearOperation(rows: rows, inputs: inputs, outputs: 192), 1),
                (LinearOperation(rows: rows, inputs: 64, outputs: 64, activation: .gelu), 3),
            ]
                + (stage.tokenizer == .performer
                    ? [(PerformerOperation(batch: batch, tokens: grid * grid), 1)] : [])
        }
    }

    private func reuseOperations(stage index: Int, batch: Int) -> [Counted] {
        guard index > 0 else { return [] }
        let (source, target) = (stages[index - 1], stages[index])
        var operations: [Counted] = []
        if relationReuse {
            operations.append(
                (
                    RelationReuseOperation(
                        batch: batch, channels: source.depth * source.heads,
                        tokens: source.tokens), 1
                ))
        }
        if featureReuse {
            operations.append(
                (
                    FeatureReuseOperation(
                        batch: batch, from: source.grid, to: target.grid, width: source.width,
                        blocks: target.depth), 1
                ))
        }
        return operations
    }

    private func blockOperations(stage index: Int, batch: Int) -> [Counted] {
        let stage = stages[index]
        let feedsNextStage = index < stages.count - 1 && (featureReuse || relationReuse)
        let rows = batch * stage.tokens
        let whole = feedsNextStage ? stage.depth : stage.depth - 1
        var operations: [Counted] = [
            (LayerNormOperation(rows: rows, width: stage.width), stage.depth),
            (
                LinearOperation(
                    rows: rows, inputs: stage.width, outputs: 3 * stage.width,
                    hasBias: stage.hasQKVBias), stage.depth
            ),
        ]
        operations += rowOperations(stage: index, batch: batch, queries: .allTokens)
            .map { ($0, whole) }
        if !feedsNextStage {
            operations += rowOperations(stage: index, batch: batch, queries: .classToken)
                .map { ($0, 1) }
        }
        let head = LinearOperation(rows: batch, inputs: stage.width, classes: stage.classes)
        return operations.filter { $0.1 > 0 } + [(head, 1)]
    }

    /// The operations of a block for each query token.
    private func rowOperations(
        stage index: Int, batch: Int, queries: AttentionQueries
    ) -> [any Operation] {
        let (stage, appended) = (stages[index], reusedFeatureWidth(stage: index))
        let rows = queries == .allTokens ? batch * stage.tokens : batch
        return [
            AttentionOperation(
                batch: batch, grid: stage.grid, heads: stage.heads, headWidth: stage.headWidth,
                queries: queries,
                reusing: relationReuse && index > 0 ? stages[index - 1].grid : nil,
                keepsLogits: relationReuse && index < stages.count - 1),
            LinearOperation(
                rows: rows, inputs: stage.width, outputs: stage.width, hasResidual: true),
            LayerNormOperation(rows: rows, width: stage.width, appended: appended),
            LinearOperation(
                rows: rows, inputs: stage.width + appended, outputs: stage.mlpWidth,
                activation: stage.activation),
            LinearOperation(
                rows: rows, inputs: stage.mlpWidth, outputs: stage.width, hasResidual: true),
        ]
    }
}
