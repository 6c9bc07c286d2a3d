import DVTCore

/// The operations for tests and tools, by purpose.
package enum OperationCatalog {
    /// Every kernel at sizes around the edges of its vectors, tiles and work-groups, small enough
    /// for a simulator that runs a few million operations a second.
    package static var small: [any Operation] {
        smallNetwork + gradients(of: smallNetwork) + training
    }

    /// ``small``, and sizes beyond one chunk, tile or block of a matrix product.
    package static var edges: [any Operation] {
        let larger = headWidths + largeAttention + modelSized
        // Without gradients: their float32 sums over so many pairs of tokens exceed the tolerance.
        let manyPairs = RelationReuseOperation(batch: 3, channels: 8, tokens: 512)
        return small + larger + gradients(of: larger) + [manyPairs]
    }

    private static var smallNetwork: [any NetworkOperation] {
        tokens + exitScores + tokensToToken + linearMaps + norms + smallAttention + reuse
    }

    /// The gradients of the operations that have any.
    package static func gradients(of operations: [any NetworkOperation]) -> [GradientOperation] {
        operations.filter(\.hasGradient).map { GradientOperation($0) }
    }

    /// The gradients of all network operations at small sizes, for finite differences.
    package static var differentiable: [GradientOperation] { gradients(of: smallNetwork) }

    private static var training: [any Operation] {
        [1, 63, 64, 4097].map { ActivationOperation(count: $0, activation: .geluTanh) }
            + [
                ActivationOperation(count: 65, activation: .gelu),
                ActivationOperation(count: 65, activation: .quickGELU),
                CrossEntropyOperation(batch: 1, classes: 1),
                CrossEntropyOperation(batch: 65, classes: 10),
                AdamWOperation(count: 1), AdamWOperation(count: 1000),
                SquaredNormOperation(counts: [1, 255, 1025]),
                DropoutOperation(batch: 3, width: 43),
            ]
    }

    private static var tokens: [any NetworkOperation] {
        [
            PatchEmbedOperation(
                batch: 2, imageSize: 8, width: 5, geometry: PatchGeometry(kernel: 4)),
            PatchEmbedOperation(
                batch: 1, channels: 2, imageSize: 9, width: 7,
                geometry: PatchGeometry(kernel: 3, stride: 2, padding: 1)),
            PatchEmbedOperation(
                batch: 1, imageSize: 4, width: 3,
                geometry: PatchGeometry(kernel: 5, stride: 5, padding: 3)),
            ResizedImagesOperation(batch: 1, channels: 1, from: 1, to: 1),
            ResizedImagesOperation(batch: 2, from: 9, to: 4),
            ResizedImagesOperation(batch: 1, channels: 2, from: 70, to: 65),
            ResizedImagesOperation(batch: 1, from: 5, to: 11),
            EmbedTokensOperation(batch: 1, patches: 1, width: 1),
            EmbedTokensOperation(batch: 3, patches: 4, width: 65),
            EmbedTokensOperation(batch: 2, patches: 3, prefix: 0, width: 7),
            EmbedTokensOperation(batch: 2, patches: 4, prefix: 5, width: 66),
            PooledTokensOperation(batch: 1, tokens: 1, width: 1),
            PooledTokensOperation(batch: 3, tokens: 5, width: 65),
            PooledTokensOperation(
                batch: 2, tokens: 4, width: 33, pooling: TokenPooling(first: 2)),
            PooledTokensOperation(
                batch: 1, tokens: 1, width: 3, pooling: TokenPooling(first: 0, averagedFrom: 0)),
            PooledTokensOperation(
                batch: 3, tokens: 7, width: 65, pooling: TokenPooling(first: 1, averagedFrom: 5)),
            GatherOperation(batch: 1, width: 1),
            GatherOperation(batch: 5, width: 63),
            GatherOperation(batch: 3, width: 65, after: 2),
            ConfidenceOperation(batch: 1, classes: 1),
            ConfidenceOperation(batch: 2, classes: 63),
            ConfidenceOperation(batch: 3, classes: 65),
        ]
    }

    private static var exitScores: [any NetworkOperation] {
        ExitCriterion.allCases.flatMap { criterion in
            [1, 2, 65].map {
                ConfidenceOperation(batch: 2, classes: $0, criterion: criterion, temperature: 1.5)
            }
        }
    }

    private static var tokensToToken: [any NetworkOperation] {
        [
            SoftSplitOperation(
                batch: 2, channels: 3, side: 5,
                geometry: PatchGeometry(kernel: 3, stride: 2, padding: 1)),
            SoftSplitOperation(
                batch: 2, channels: 7, side: 4,
                geometry: PatchGeometry(kernel: 3, stride: 2, padding: 1), ofTokens: true),
            PerformerOperation(batch: 1, tokens: 1, width: 1, features: 1),
            PerformerOperation(batch: 2, tokens: 65, width: 5, features: 3),
            PerformerOperation(batch: 2, tokens: 65, width: 16, features: 33),
            PerformerOperation(batch: 1, tokens: 13, width: 80, features: 16),
            ColumnsOperation(batch: 1, tokens: 1, width: 1),
            ColumnsOperation(batch: 2, tokens: 3, width: 65),
        ]
    }

    private static var linearMaps: [any NetworkOperation] {
        [
            LinearOperation(rows: 1, inputs: 1, outputs: 1),
            LinearOperation(rows: 3, inputs: 17, outputs: 5, hasBias: false),
            LinearOperation(rows: 5, inputs: 33, outputs: 65, activation: .gelu),
            LinearOperation(rows: 6, inputs: 31, outputs: 67, activation: .geluTanh),
            LinearOperation(rows: 5, inputs: 30, outputs: 66, activation: .quickGELU),
            LinearOperation(rows: 7, inputs: 16, outputs: 31, hasResidual: true),
            LinearOperation(rows: 13, inputs: 5, outputs: 48, activation: .gelu, hasResidual: true),
            LinearOperation(rows: 24, inputs: 3, outputs: 64),
            // More rows than a tile, and in its weight's gradient more depth than the stages of one.
            LinearOperation(rows: 130, inputs: 8, outputs: 24),
            // Deeper than the stages of every tile.
            LinearOperation(
                rows: 17, inputs: 264, outputs: 36, activation: .gelu, hasResidual: true),
            LinearOperation(rows: 3, inputs: 33, classes: 37),
        ]
    }

    private static var norms: [any NetworkOperation] {
        [
            LayerNormOperation(rows: 1, width: 1),
            LayerNormOperation(rows: 3, width: 15),
            LayerNormOperation(rows: 2, width: 64),
            LayerNormOperation(rows: 2, width: 65, appended: 1),
            LayerNormOperation(rows: 3, width: 33, appended: 48),
            NormalizedLinearOperation(rows: 5, width: 33, outputs: 7),
            NormalizedLinearOperation(
                rows: 17, width: 80, appended: 24, outputs: 36, activation: .gelu),
        ]
    }

    private static var smallAttention: [any NetworkOperation] {
        [
            AttentionOperation(batch: 1, grid: 1, heads: 1, headWidth: 32),
            AttentionOperation(
                batch: 2, grid: 2, heads: 2, headWidth: 32, reusing: 1, keepsLogits: true),
            AttentionOperation(
                batch: 1, grid: 6, heads: 1, headWidth: 32, reusing: 4, keepsLogits: true),
            AttentionOperation(batch: 1, grid: 3, heads: 2, headWidth: 64, reusing: 4),
            AttentionOperation(batch: 2, grid: 2, heads: 2, headWidth: 32, queries: .classToken),
            AttentionOperation(
                batch: 2, grid: 6, heads: 2, headWidth: 32, queries: .classToken, reusing: 4),
        ]
            + [16, 80, 96, 128].map {
                AttentionOperation(batch: 1, grid: 2, heads: 1, headWidth: $0, reusing: 1)
            }
    }

    private static var reuse: [any NetworkOperation] {
        [
            RelationReuseOperation(batch: 1, channels: 1, tokens: 2),
            RelationReuseOperation(batch: 2, channels: 4, tokens: 5),
            FeatureReuseOperation(
                batch: 1, from: 1, to: 2, width: 3, hidden: 4, outputs: 2, blocks: 1),
            FeatureReuseOperation(
                batch: 2, from: 3, to: 2, width: 17, hidden: 16, outputs: 7, blocks: 2),
            FeatureReuseOperation(
                batch: 2, from: 2, to: 3, width: 17, hidden: 16, outputs: 7, blocks: 2,
                hasNorm: false),
        ]
    }

    /// Every head width that the attention kernels support.
    private static var headWidths: [any NetworkOperation] {
        stride(from: 16, through: 128, by: 16).map {
            AttentionOperation(
                batch: 2, grid: 5, heads: 3, headWidth: $0, reusing: 4, keepsLogits: true)
        }
    }

    /// Token counts below, at and above a tile of 32 keys, the rows of a work-item and a chunk of
    /// 256 keys; and a softmax sharp enough for a later chunk to contain a new maximum.
    private static var largeAttention: [any NetworkOperation] {
        [
            AttentionOperation(batch: 1, grid: 7, heads: 2, headWidth: 64, keepsLogits: true),
            AttentionOperation(batch: 2, grid: 10, heads: 6, headWidth: 64, reusing: 7),
            AttentionOperation(
                batch: 1, grid: 14, heads: 6, headWidth: 64, reusing: 10, keepsLogits: true),
            AttentionOperation(batch: 1, grid: 10, heads: 2, headWidth: 64, reusing: 14),
            AttentionOperation(batch: 1, grid: 16, heads: 1, headWidth: 64, magnitude: 4),
            AttentionOperation(
                batch: 1, grid: 17, heads: 1, headWidth: 32, reusing: 7, magnitude: 8),
            AttentionOperation(batch: 1, grid: 24, heads: 2, headWidth: 64, reusing: 14),
            AttentionOperation(
                batch: 2, grid: 17, heads: 2, headWidth: 64, queries: .classToken, reusing: 7),
        ]
    }

    /// The sizes of the released models, and more rows than the work-groups of one dimension.
    private static var modelSized: [any NetworkOperation] {
        [
            PatchEmbedOperation(
                batch: 1, imageSize: 224, width: 384,
                geometry: PatchGeometry(kernel: 23, padding: 3)),
            SoftSplitOperation(
                batch: 1, channels: 3, side: 224,
                geometry: PatchGeometry(kernel: 7, stride: 4, padding: 2)),
            PerformerOperation(batch: 2, tokens: 784),
            PerformerOperation(batch: 1, tokens: 3136),
            AttentionOperation(batch: 1, grid: 28, heads: 1, headWidth: 64),
            EmbedTokensOperation(batch: 66_000, patches: 1, width: 1),
            FeatureReuseOperation(
                batch: 66_000, from: 1, to: 1, width: 1, hidden: 1, outputs: 1, blocks: 1),
            AttentionOperation(batch: 2_700, grid: 1, heads: 25, headWidth: 16),
            LinearOperation(rows: 70_000, inputs: 2, outputs: 3, activation: .gelu),
            LinearOperation(rows: 197, inputs: 384, outputs: 1152),
            LinearOperation(rows: 101, inputs: 432, outputs: 1536, activation: .gelu),
            LinearOperation(rows: 197, inputs: 1536, outputs: 384, hasResidual: true),
            LinearOperation(rows: 2, inputs: 384, classes: 1000),
            LayerNormOperation(rows: 197, width: 384, appended: 48),
            NormalizedLinearOperation(rows: 101, width: 384, appended: 48, outputs: 192),
            RelationReuseOperation(batch: 2, channels: 72, tokens: 50),
            FeatureReuseOperation(batch: 2, from: 10, to: 14, width: 384, blocks: 2),
            GatherOperation(batch: 17, width: 3 * 50 * 50),
            GatherOperation(batch: 8, width: 72 * 50 * 50, after: 5),
            ConfidenceOperation(batch: 4, classes: 1000),
            ConfidenceOperation(batch: 4, classes: 1000, criterion: .margin),
            ConfidenceOperation(batch: 4, classes: 1000, criterion: .entropy, temperature: 0.7),
        ]
    }
}
