/// The sizes of ``Backend/relationReuse(_:_:activation:)``, checked.
package struct RelationReuseSizes: Equatable, Sendable {
    package let batch: Int
    package let channels: Int
    package let hidden: Int
    package let tokens: Int

    /// The number of token pairs.
    package var positions: Int { tokens * tokens }

    package init<DeviceTensor: BackendTensor>(
        relations: Shape, parameters: RelationReuseParameters<DeviceTensor>
    ) throws(ShapeError) {
        guard relations.rank == 4, relations[2] == relations[3] else {
            throw .invalid(name: "relations", reason: "shape \(relations) is not [B, LH, S, S]")
        }
        batch = relations[0]
        channels = relations[1]
        tokens = relations[2]
        let row: Shape = [1, channels]
        let expand = try LinearSizes(
            x: row, weight: parameters.expand.weight.shape,
            bias: parameters.expand.bias?.shape, residual: nil)
        hidden = expand.outputs
        _ = try LinearSizes(
            x: expand.outputShape, weight: parameters.contract.weight.shape,
            bias: parameters.contract.bias?.shape, residual: row)
    }
}

/// The sizes of one block in ``Backend/featureReuse(_:_:activation:resampling:)``, checked.
package struct FeatureReuseSizes: Equatable, Sendable {
    package let batch: Int
    package let coarseTokens: Int
    package let inputs: Int
    package let hidden: Int
    package let outputs: Int
    package let fineTokens: Int

    /// The features that the block's MLP reuses, `[B, N + 1, E]`.
    package var outputShape: Shape { [batch, fineTokens, outputs] }

    package init<DeviceTensor: BackendTensor>(
        features: Shape, block: FeatureReuseParameters<DeviceTensor>, resampling: GridResampling
    ) throws(ShapeError) {
        guard features.rank == 3, features[1] == resampling.source * resampling.source + 1 else {
            let reason = "shape \(features) is not [B, M + 1, D] with M = \(resampling.source)^2"
            throw .invalid(name: "features", reason: reason)
        }
        batch = features[0]
        coarseTokens = features[1]
        inputs = features[2]
        if let norm = block.norm {
            _ = try LayerNormSizes(
                x: features, features: nil, weight: norm.weight.shape, bias: norm.bias.shape)
        }
        let fc1 = try LinearSizes(
            x: features, weight: block.fc1.weight.shape, bias: block.fc1.bias?.shape, residual: nil)
        let fc2 = try LinearSizes(
            x: fc1.outputShape, weight: block.fc2.weight.shape, bias: block.fc2.bias?.shape,
            residual: nil)
        hidden = fc1.outputs
        outputs = fc2.outputs
        fineTokens = resampling.target * resampling.target + 1
    }
}

/// Checks the arguments of ``Backend/gather(_:rows:after:)``.
///
/// - Parameters:
///   - shape: the tensor's shape, `[B, ...]`.
///   - rows: the rows; each must be below B.
///   - batch: the shape of the batch that comes first, `[F, ...]`, or nil.
/// - Returns: the shape of the result.
/// - Throws: ``ShapeError`` if a row does not exist or the shapes of rows differ.
package func gatheredShape(
    _ shape: Shape, rows: [Int], after batch: Shape?
) throws(ShapeError) -> Shape {
    guard shape.rank > 0, rows.allSatisfy({ (0..<shape[0]).contains($0) }) else {
        throw .invalid(name: "rows", reason: "\(rows) are not all rows of shape \(shape)")
    }
    guard let batch else { return shape.withBatch(rows.count) }
    guard batch.rank > 0, batch == shape.withBatch(batch[0]) else {
        throw .invalid(
            name: "batch", reason: "the rows of shapes \(batch) and \(shape) differ")
    }
    return shape.withBatch(batch[0] + rows.count)
}

/// Checks the rank of a tensor.
///
/// - Parameters:
///   - name: the tensor's name, for the message.
///   - shape: the shape.
///   - rank: the required rank.
/// - Throws: ``ShapeError`` if the rank differs.
package func requireRank(_ name: String, _ shape: Shape, _ rank: Int) throws(ShapeError) {
    guard shape.rank == rank else {
        throw .invalid(name: name, reason: "shape \(shape) has rank \(shape.rank), not \(rank)")
    }
}

/// Checks the shape of logits and returns the number of classes.
///
/// - Parameter logits: the logits' shape, `[B, classes]`.
/// - Returns: the number of classes, at least 1.
/// - Throws: ``ShapeError`` if there are no classes.
package func confidenceClasses(_ logits: Shape) throws(ShapeError) -> Int {
    guard logits.rank == 2, logits[1] > 0 else {
        throw .invalid(name: "logits", reason: "shape \(logits) is not [B, classes]")
    }
    return logits[1]
}
