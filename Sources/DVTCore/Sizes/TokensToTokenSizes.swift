/// The sizes of ``Backend/softSplit(_:geometry:)``, checked.
package struct SoftSplitSizes: Equatable, Sendable {
    package let batch: Int
    package let channels: Int
    package let side: Int
    package let grid: Int
    package let geometry: PatchGeometry
    /// The stride from channel to channel, and from pixel to pixel of a channel, in elements.
    package let channelStride: Int
    package let pixelStride: Int

    /// The number of values in one patch, over all channels.
    package var patchElements: Int { channels * geometry.kernel * geometry.kernel }
    /// The patches as rows, `[B, N, C k k]`.
    package var outputShape: Shape { [batch, grid * grid, patchElements] }

    package init(_ x: Shape, geometry: PatchGeometry) throws(ShapeError) {
        let isImages = x.rank == 4
        guard x.rank == 3 || isImages else {
            let reason = "shape \(x) is neither [B, C, S, S] nor [B, S * S, C]"
            throw .invalid(name: "soft split", reason: reason)
        }
        let side = isImages ? x[2] : Int(Double(x[1]).squareRoot().rounded())
        guard isImages ? x[3] == side : side * side == x[1] else {
            throw .invalid(name: "soft split", reason: "shape \(x) has no square grid")
        }
        let grid = geometry.gridSize(imageSize: side)
        guard grid > 0 else {
            let reason = "no patch of side \(geometry.kernel) fits a grid of side \(side)"
            throw .invalid(name: "soft split", reason: reason)
        }
        batch = x[0]
        channels = isImages ? x[1] : x[2]
        self.side = side
        self.grid = grid
        self.geometry = geometry
        channelStride = isImages ? side * side : 1
        pixelStride = isImages ? 1 : channels
    }
}

/// The sizes of ``Backend/performerAttention(_:randomFeatures:)``, checked.
package struct PerformerSizes: Equatable, Sendable {
    package let batch: Int
    package let tokens: Int
    package let width: Int
    package let features: Int

    /// The attended values, `[B, T, E]`.
    package var outputShape: Shape { [batch, tokens, width] }

    package init(kqv: Shape, features: Shape) throws(ShapeError) {
        guard kqv.rank == 3, kqv[2] > 0, kqv[2] % 3 == 0, features.rank == 2 else {
            let reason = "shapes \(kqv) and \(features) are not [B, T, 3E] and [m, E]"
            throw .invalid(name: "performer attention", reason: reason)
        }
        batch = kqv[0]
        tokens = kqv[1]
        width = kqv[2] / 3
        self.features = features[0]
        try requireShape("random features", features, [self.features, width])
    }
}

/// Checks a range of columns.
///
/// - Parameters:
///   - shape: the tensor's shape.
///   - columns: the columns.
/// - Returns: the shape of ``Backend/columns(_:_:)``.
/// - Throws: ``ShapeError`` if the tensor does not have these columns.
package func columnsShape(_ shape: Shape, _ columns: Range<Int>) throws(ShapeError) -> Shape {
    guard shape.rank > 0, columns.lowerBound >= 0, columns.upperBound <= shape[-1] else {
        throw .invalid(name: "columns", reason: "\(columns) are not columns of shape \(shape)")
    }
    return Shape(shape.dimensions.dropLast() + [columns.count])
}

/// Checks columns that are embedded in wider rows of zeros.
///
/// - Parameters:
///   - shape: the shape of the columns, `[..., n]`.
///   - first: the first of their columns in the result.
///   - width: the width of the result.
/// - Returns: the shape of ``DifferentiableBackend/columnsGradient(_:first:width:)``.
/// - Throws: ``ShapeError`` if they do not fit.
package func columnsGradientShape(
    _ shape: Shape, first: Int, width: Int
) throws(ShapeError) -> Shape {
    guard shape.rank > 0, first >= 0, first + shape[-1] <= width else {
        let reason = "columns from \(first) of shape \(shape) do not fit \(width) columns"
        throw .invalid(name: "columns", reason: reason)
    }
    return Shape(shape.dimensions.dropLast() + [width])
}
