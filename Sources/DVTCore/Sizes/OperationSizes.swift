// The sizes of each operation of ``Backend``, derived from its tensors' shapes and checked. Both
// backends and the benchmarks use these, so each shape rule is stated once.

/// The sizes of ``Backend/patchEmbed(_:_:geometry:)``.
package struct PatchEmbedSizes: Equatable, Sendable {
    package let batch: Int
    package let channels: Int
    package let imageSize: Int
    package let grid: Int
    package let width: Int
    package let geometry: PatchGeometry

    /// The number of values in one patch, over all channels.
    package var patchElements: Int { channels * geometry.kernel * geometry.kernel }
    /// The tokens, `[B, N, D]`.
    package var outputShape: Shape { [batch, grid * grid, width] }

    package init(
        images: Shape, weight: Shape, bias: Shape?, geometry: PatchGeometry
    ) throws(ShapeError) {
        guard images.rank == 4, images[2] == images[3] else {
            throw .invalid(name: "images", reason: "shape \(images) is not [B, C, S, S]")
        }
        let grid = geometry.gridSize(imageSize: images[2])
        guard grid > 0 else {
            let reason = "no patch of side \(geometry.kernel), stride \(geometry.stride) fits"
            throw .invalid(name: "images", reason: "\(reason) into \(images[2]) pixels")
        }
        batch = images[0]
        channels = images[1]
        imageSize = images[2]
        self.grid = grid
        width = weight.rank > 0 ? weight[0] : 0
        self.geometry = geometry
        let kernel = geometry.kernel
        try requireShape("projection weight", weight, [width, channels, kernel, kernel])
        if let bias { try requireShape("projection bias", bias, [width]) }
    }
}

/// The sizes of ``Backend/linear(_:_:activation:residual:)``.
package struct LinearSizes: Equatable, Sendable {
    package let rows: Int
    package let inputs: Int
    package let outputs: Int
    package let outputShape: Shape

    package init(
        x: Shape, weight: Shape, bias: Shape?, residual: Shape?
    ) throws(ShapeError) {
        guard x.rank >= 1, weight.rank >= 2 else {
            let reason = "shapes \(x) and \(weight) are not [..., K] and [O, K]"
            throw .invalid(name: "linear", reason: reason)
        }
        rows = x.rowCount
        inputs = x[-1]
        outputs = weight[0]
        outputShape = Shape(x.dimensions.dropLast() + [outputs])
        // The weight [O, K, 1, 1] of a 1x1 convolution is accepted too.
        let trailing = weight.dimensions.dropFirst(2).map { _ in 1 }
        try requireShape("linear weight", weight, Shape([outputs, inputs] + trailing))
        if let bias { try requireShape("linear bias", bias, [outputs]) }
        if let residual { try requireShape("linear residual", residual, outputShape) }
    }
}

/// The sizes of a linear layer's gradients.
package struct LinearGradientSizes: Equatable, Sendable {
    package let rows: Int
    package let inputs: Int
    package let outputs: Int
    /// The shape of dx.
    package let inputShape: Shape

    /// The sizes of ``DifferentiableBackend/linearInputGradient(_:weight:)``.
    package init(dy: Shape, weight: Shape) throws(ShapeError) {
        guard dy.rank >= 1, weight.rank >= 2 else {
            let reason = "shapes \(dy) and \(weight) are not [..., O] and [O, K]"
            throw .invalid(name: "linear gradient", reason: reason)
        }
        rows = dy.rowCount
        outputs = dy[-1]
        inputs = weight[1]
        inputShape = Shape(dy.dimensions.dropLast() + [inputs])
        let trailing = weight.dimensions.dropFirst(2).map { _ in 1 }
        try requireShape("linear weight", weight, Shape([outputs, inputs] + trailing))
    }

    /// The sizes of ``DifferentiableBackend/linearParameterGradients(_:_:hasBias:)``.
    package init(dy: Shape, x: Shape) throws(ShapeError) {
        guard dy.rank >= 1, x.rank >= 1 else {
            let reason = "shapes \(dy) and \(x) are not [..., O] and [..., K]"
            throw .invalid(name: "linear gradient", reason: reason)
        }
        rows = x.rowCount
        outputs = dy[-1]
        inputs = x[-1]
        inputShape = x
        try requireShape("dy", dy, Shape(x.dimensions.dropLast() + [outputs]))
    }
}

/// The sizes of ``Backend/layerNorm(_:appending:_:)``.
package struct LayerNormSizes: Equatable, Sendable {
    package let rows: Int
    package let width: Int
    package let appended: Int
    package let outputShape: Shape

    package init(
        x: Shape, features: Shape?, weight: Shape, bias: Shape
    ) throws(ShapeError) {
        guard x.rank >= 1, x[-1] > 0 else {
            throw .invalid(name: "layer norm", reason: "shape \(x) has no columns")
        }
        rows = x.rowCount
        width = x[-1]
        appended = features?[-1] ?? 0
        let leading = x.dimensions.dropLast()
        if let features {
            try requireShape("appended features", features, Shape(leading + [appended]))
        }
        outputShape = Shape(leading + [width + appended])
        try requireShape("layer norm weight", weight, [width + appended])
        try requireShape("layer norm bias", bias, [width + appended])
    }
}

/// The sizes of ``Backend/resizedImages(_:to:)``.
package struct ResizedImagesSizes: Equatable, Sendable {
    /// The planes of all images, B C.
    package let planes: Int
    package let source: Int
    package let target: Int
    package let outputShape: Shape

    /// The images after their lines were resampled, `[B, C, s, S]`.
    package var halfwayShape: Shape { [outputShape[0], outputShape[1], target, source] }

    package init(_ images: Shape, to side: Int) throws(ShapeError) {
        guard images.rank == 4, images[2] == images[3], images[2] > 0 else {
            throw .invalid(name: "images", reason: "shape \(images) is not [B, C, S, S]")
        }
        guard side > 0 else {
            throw .invalid(name: "images", reason: "a side of \(side) has no pixels")
        }
        planes = images[0] * images[1]
        (source, target) = (images[2], side)
        outputShape = [images[0], images[1], side, side]
    }

    /// The source pixels of each target pixel along one axis.
    package var taps: [[GridResampling.Tap]] {
        CubicResampling.antialiased.taps(from: source, to: target).map { taps in
            taps.map { GridResampling.Tap(index: $0.index, weight: Float($0.weight)) }
        }
    }
}

/// The sizes of ``Backend/embedTokens(_:prefix:positions:)``.
package struct EmbedTokensSizes: Equatable, Sendable {
    package let batch: Int
    package let patches: Int
    package let prefix: Int
    package let width: Int

    /// The tokens of an image.
    package var tokens: Int { prefix + patches }
    /// The tokens with the prefix first, `[B, P + N, D]`.
    package var outputShape: Shape { [batch, tokens, width] }

    package init(tokens: Shape, prefix: Shape?, positions: Shape) throws(ShapeError) {
        guard tokens.rank == 3 else {
            throw .invalid(name: "tokens", reason: "shape \(tokens) is not [B, N, D]")
        }
        batch = tokens[0]
        patches = tokens[1]
        width = tokens[2]
        if let prefix, prefix.rank != 3 {
            throw .invalid(name: "prefix tokens", reason: "shape \(prefix) is not [1, P, D]")
        }
        self.prefix = prefix?[1] ?? 0
        if let prefix { try requireShape("prefix tokens", prefix, [1, self.prefix, width]) }
        try requireShape("positions", positions, [1, self.prefix + patches, width])
    }
}

/// The sizes of ``Backend/pooledTokens(_:_:)``.
package struct PooledTokensSizes: Equatable, Sendable {
    package let batch: Int
    package let tokens: Int
    package let width: Int
    package let pooling: TokenPooling

    /// The features, `[B, rows D]`.
    package var outputShape: Shape { [batch, pooling.rows * width] }
    /// The first token of the average; the number of tokens if there is none.
    package var averagedFrom: Int { pooling.averagedFrom ?? tokens }

    package init(_ x: Shape, _ pooling: TokenPooling) throws(ShapeError) {
        try requireRank("x", x, 3)
        (batch, tokens, width) = (x[0], x[1], x[2])
        self.pooling = pooling
        let averaged = pooling.averagedFrom ?? 0
        guard (0...tokens).contains(pooling.first), (0..<tokens).contains(averaged),
            pooling.rows > 0
        else {
            throw .invalid(
                name: "x",
                reason: """
                    shape \(x) has too few tokens to take \(pooling.first) and the average from \
                    token \(averaged) on
                    """)
        }
    }
}
