import DVTAutodiff
import DVTCore
import Glibc

extension ReferenceBackend {
    package func reshaped(_ x: ReferenceTensor, _ shape: Shape) -> ReferenceTensor {
        x.reshaped(shape)
    }

    package func zeros(_ shape: Shape) -> ReferenceTensor {
        upload(Tensor(shape, repeating: 0))
    }

    package func sum(_ a: ReferenceTensor, _ b: ReferenceTensor) throws -> ReferenceTensor {
        try requireShape("summand", b.shape, a.shape)
        return ReferenceTensor(a.shape, zip(a.values, b.values).map { $0 + $1 })
    }

    package func scaled(
        _ x: ReferenceTensor, byImage factors: ReferenceTensor
    ) throws -> ReferenceTensor {
        try requireShape("factors", factors.shape, [x.shape[0]])
        let width = x.shape.withBatch(1).elementCount
        return ReferenceTensor(
            x.shape, x.values.enumerated().map { $1 * factors.values[$0 / width] })
    }

    package func dropout(_ x: ReferenceTensor, _ mask: DropoutMask) -> ReferenceTensor {
        ReferenceTensor(
            x.shape, x.values.enumerated().map { mask.keeps($0) ? $1 * mask.factor : 0 })
    }

    package func transposed(_ x: ReferenceTensor) throws -> ReferenceTensor {
        try requireRank("x", x.shape, 3)
        let (rows, columns, values) = (x.shape[1], x.shape[2], x.values)
        return ReferenceTensor([x.shape[0], columns, rows], rowWidth: rows) { index, output in
            let (matrix, column) = index.quotientAndRemainder(dividingBy: columns)
            for row in output.indices {
                output[row] = values[(matrix * rows + row) * columns + column]
            }
        }
    }

    package func resampleTokens(
        _ x: ReferenceTensor, _ resampling: GridResampling
    ) throws -> ReferenceTensor {
        try resampled(x, taps: resampling.tokenTaps, tokens: resampling.source)
    }

    package func resampleTokensGradient(
        _ dy: ReferenceTensor, _ resampling: GridResampling
    ) throws -> ReferenceTensor {
        try resampled(dy, taps: resampling.transposedTokenTaps, tokens: resampling.target)
    }

    /// Computes each token as a weighted sum of tokens of the other grid; the class token's row is
    /// zero.
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

    package func sumOverBatch(_ x: ReferenceTensor) -> ReferenceTensor {
        let shape = x.shape.withBatch(1)
        var sums = [Double](repeating: 0, count: shape.elementCount)
        for (index, value) in x.values.enumerated() {
            sums[index % sums.count] += Double(value)
        }
        return ReferenceTensor(shape, sums.map { Float($0) })
    }

    package func columnsGradient(
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

    package func pooledTokensGradient(
        _ dy: ReferenceTensor, _ pooling: TokenPooling, shape: Shape
    ) throws -> ReferenceTensor {
        let sizes = try PooledTokensSizes(shape, pooling)
        try requireShape("dy", dy.shape, sizes.outputShape)
        let (width, values) = (sizes.width, dy.values)
        let averaged = Double(sizes.tokens - sizes.averagedFrom)
        return ReferenceTensor(shape, rowWidth: width) { row, output in
            let (image, token) = row.quotientAndRemainder(dividingBy: sizes.tokens)
            let own = image * pooling.rows * width
            for column in output.indices {
                var sum = 0.0
                if token < pooling.first { sum += Double(values[own + token * width + column]) }
                if token >= sizes.averagedFrom {
                    sum += Double(values[own + pooling.first * width + column]) / averaged
                }
                output[column] = Float(sum)
            }
        }
    }

    package func gatherGradient(
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

    package func softSplitGradient(
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
    /// The source of an element of the patches; nil beyond the edge.
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
