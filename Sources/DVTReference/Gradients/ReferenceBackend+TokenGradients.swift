import DVTCore
import Glibc

extension ReferenceBackend {
    /// The same elements under another shape.
    ///
    /// - Parameters:
    ///   - x: a tensor.
    ///   - shape: the new extents.
    /// - Returns: a tensor of that shape.
    public func reshaped(_ x: ReferenceTensor, _ shape: Shape) -> ReferenceTensor {
        ReferenceTensor(shape, x.values)
    }

    /// A tensor of zeros.
    ///
    /// - Parameter shape: the extents.
    /// - Returns: a new tensor.
    public func zeros(_ shape: Shape) -> ReferenceTensor {
        upload(Tensor(shape, repeating: 0))
    }

    /// The sum of two tensors of one shape.
    ///
    /// - Parameters:
    ///   - a: a tensor.
    ///   - b: another of its shape.
    /// - Returns: `a + b`.
    /// - Throws: ``/DVTCore/ShapeError`` if the shapes differ.
    public func sum(_ a: ReferenceTensor, _ b: ReferenceTensor) throws -> ReferenceTensor {
        try requireShape("summand", b.shape, a.shape)
        return ReferenceTensor(a.shape, zip(a.values, b.values).map { $0 + $1 })
    }

    /// Each image's elements times a number of its own.
    ///
    /// - Parameters:
    ///   - x: `[B, ...]`.
    ///   - factors: `[B]`.
    /// - Returns: `factors[b] x[b, ...]`.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit.
    public func scaled(
        _ x: ReferenceTensor, byImage factors: ReferenceTensor
    ) throws -> ReferenceTensor {
        try requireShape("factors", factors.shape, [x.shape[0]])
        let width = x.shape.withBatch(1).elementCount
        return ReferenceTensor(
            x.shape, x.values.enumerated().map { $1 * factors.values[$0 / width] })
    }

    /// Inverted dropout.
    ///
    /// - Parameters:
    ///   - x: any shape.
    ///   - mask: which elements stay.
    /// - Returns: the shape of `x`.
    public func dropout(_ x: ReferenceTensor, _ mask: DropoutMask) -> ReferenceTensor {
        ReferenceTensor(
            x.shape, x.values.enumerated().map { mask.keeps($0) ? $1 * mask.factor : 0 })
    }

    /// Every matrix of a batch transposed.
    ///
    /// - Parameter x: `[B, R, C]`.
    /// - Returns: `[B, C, R]`.
    /// - Throws: ``/DVTCore/ShapeError`` if `x` has another rank.
    public func transposed(_ x: ReferenceTensor) throws -> ReferenceTensor {
        try requireRank("x", x.shape, 3)
        let (rows, columns, values) = (x.shape[1], x.shape[2], x.values)
        return ReferenceTensor([x.shape[0], columns, rows], rowWidth: rows) { index, output in
            let (matrix, column) = index.quotientAndRemainder(dividingBy: columns)
            for row in output.indices {
                output[row] = values[(matrix * rows + row) * columns + column]
            }
        }
    }

    /// The patch tokens of one grid resampled to another; the class token's row is zero.
    ///
    /// - Parameters:
    ///   - x: `[B, M + 1, E]`.
    ///   - resampling: from M to N.
    /// - Returns: `[B, N + 1, E]`.
    /// - Throws: ``/DVTCore/ShapeError`` if `x` is not of the coarse grid.
    public func resampleTokens(
        _ x: ReferenceTensor, _ resampling: GridResampling
    ) throws -> ReferenceTensor {
        try resampled(x, taps: resampling.tokenTaps, tokens: resampling.source)
    }

    /// The gradient of ``resampleTokens(_:_:)``.
    ///
    /// - Parameters:
    ///   - dy: `[B, N + 1, E]`.
    ///   - resampling: from M to N.
    /// - Returns: `[B, M + 1, E]`.
    /// - Throws: ``/DVTCore/ShapeError`` if `dy` is not of the fine grid.
    public func resampleTokensGradient(
        _ dy: ReferenceTensor, _ resampling: GridResampling
    ) throws -> ReferenceTensor {
        try resampled(dy, taps: resampling.transposedTokenTaps, tokens: resampling.target)
    }

    /// Every token as a weighted sum of tokens of the other grid; the class token's row is zero.
    private func resampled(
        _ x: ReferenceTensor, taps: [[GridResampling.Tap]], tokens side: Int
    ) throws -> ReferenceTensor {
        try requireRank("tokens", x.shape, 3)
        try requireShape("tokens", x.shape, [x.shape[0], side * side + 1, x.shape[2]])
        let (sources, width, values) = (x.shape[1], x.shape[2], x.values)
        return ReferenceTensor([x.shape[0], taps.count, width], rowWidth: width) { row, output in
            let (image, token) = row.quotientAndRemainder(dividingBy: taps.count)
            let taps = token == 0 ? [] : taps[token]
            for column in output.indices {
                let sum = taps.reduce(0.0) { sum, tap in
                    let value = values[(image * sources + tap.index) * width + column]
                    return sum + Double(tap.weight) * Double(value)
                }
                output[column] = Float(sum)
            }
        }
    }

    /// The sums over the first axis.
    ///
    /// - Parameter x: `[B, ...]`.
    /// - Returns: `[1, ...]`.
    public func sumOverBatch(_ x: ReferenceTensor) -> ReferenceTensor {
        let shape = x.shape.withBatch(1)
        var sums = [Double](repeating: 0, count: shape.elementCount)
        for (index, value) in x.values.enumerated() {
            sums[index % sums.count] += Double(value)
        }
        return ReferenceTensor(shape, sums.map { Float($0) })
    }

    /// Rows put among zeros.
    ///
    /// - Parameters:
    ///   - dy: `[..., n]`.
    ///   - first: the column where they begin.
    ///   - width: the columns of the result.
    /// - Returns: `[..., width]`.
    /// - Throws: ``/DVTCore/ShapeError`` if they do not fit.
    public func columnsGradient(
        _ dy: ReferenceTensor, first: Int, width: Int
    ) throws -> ReferenceTensor {
        let shape = try columnsGradientShape(dy.shape, first: first, width: width)
        let (count, values) = (dy.shape[-1], dy.values)
        return ReferenceTensor(shape, rowWidth: width) { row, output in
            output.update(repeating: 0)
            for column in 0..<count {
                output[first + column] = values[row * count + column]
            }
        }
    }

    /// The gradient of ``gather(_:rows:after:)`` by the tensor that is gathered from.
    ///
    /// - Parameters:
    ///   - dy: `[rows.count, ...]`.
    ///   - rows: the rows that were gathered.
    ///   - batch: B.
    /// - Returns: `[B, ...]`.
    /// - Throws: ``/DVTCore/ShapeError`` if a row does not exist.
    public func gatherGradient(
        _ dy: ReferenceTensor, rows: [Int], batch: Int
    ) throws -> ReferenceTensor {
        let shape = dy.shape.withBatch(batch)
        _ = try gatheredShape(shape, rows: rows, after: nil)
        let width = shape.withBatch(1).elementCount
        var sums = [Double](repeating: 0, count: shape.elementCount)
        for (index, value) in dy.values.enumerated() {
            sums[rows[index / width] * width + index % width] += Double(value)
        }
        return ReferenceTensor(shape, sums.map { Float($0) })
    }

    /// The gradient of ``softSplit(_:geometry:)``.
    ///
    /// - Parameters:
    ///   - dy: `[B, N, C k k]`.
    ///   - shape: that of x.
    ///   - geometry: kernel k, stride and zero padding.
    /// - Returns: dx.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit.
    public func softSplitGradient(
        _ dy: ReferenceTensor, shape: Shape, geometry: PatchGeometry
    ) throws -> ReferenceTensor {
        let sizes = try SoftSplitSizes(shape, geometry: geometry)
        try requireShape("dy", dy.shape, sizes.outputShape)
        var sums = [Double](repeating: 0, count: shape.elementCount)
        for (index, value) in dy.values.enumerated() {
            if let source = sizes.source(of: index) {
                sums[source] += Double(value)
            }
        }
        return ReferenceTensor(shape, sums.map { Float($0) })
    }
}

extension SoftSplitSizes {
    /// The element that an element of the patches was copied from; nil beyond the edge.
    fileprivate func source(of element: Int) -> Int? {
        let (token, column) = element.quotientAndRemainder(dividingBy: patchElements)
        let (image, cell) = token.quotientAndRemainder(dividingBy: grid * grid)
        let kernel = geometry.kernel
        let (channel, pixel) = column.quotientAndRemainder(dividingBy: kernel * kernel)
        let y = cell / grid * geometry.stride - geometry.padding + pixel / kernel
        let x = cell % grid * geometry.stride - geometry.padding + pixel % kernel
        guard (0..<side).contains(y), (0..<side).contains(x) else { return nil }
        return image * channels * side * side + channel * channelStride
            + (y * side + x) * pixelStride
    }
}
