import DVTCore

extension ReferenceBackend {
    /// Implements ``/DVTCore/Backend/resizedImages(_:to:)``.
    public func resizedImages(_ images: ReferenceTensor, to side: Int) throws -> ReferenceTensor {
        let sizes = try ResizedImagesSizes(images.shape, to: side)
        let (taps, source, pixels) = (sizes.taps, sizes.source, images.values)
        return ReferenceTensor(sizes.outputShape, rowWidth: side) { row, output in
            let (plane, line) = row.quotientAndRemainder(dividingBy: side)
            let halfway = (0..<source).map { x in
                taps[line].reduce(0.0) { sum, tap in
                    let pixel = pixels[(plane * source + tap.index) * source + x]
                    return sum + Double(tap.weight) * Double(pixel)
                }
            }
            for x in output.indices {
                output[x] = Float(
                    taps[x].reduce(0.0) { $0 + Double($1.weight) * halfway[$1.index] })
            }
        }
    }

    /// Implements ``/DVTCore/Backend/patchEmbed(_:_:geometry:)``.
    public func patchEmbed(
        _ images: ReferenceTensor, _ projection: LinearParameters<ReferenceTensor>,
        geometry: PatchGeometry
    ) throws -> ReferenceTensor {
        let sizes = try PatchEmbedSizes(
            images: images.shape, weight: projection.weight.shape, bias: projection.bias?.shape,
            geometry: geometry)
        let split = try SoftSplitSizes(images.shape, geometry: geometry)
        let (pixels, weight) = (images.values, projection.weight.values)
        let bias = projection.bias?.values
        return ReferenceTensor(sizes.outputShape, rowWidth: sizes.width) { token, output in
            let patch = split.patch(token, of: pixels)
            for column in output.indices {
                let sum = dot(patch, 0, weight, column * patch.count, count: patch.count)
                output[column] = Float(sum + Double(bias?[column] ?? 0))
            }
        }
    }

    /// Implements ``/DVTCore/Backend/embedTokens(_:prefix:positions:)``.
    public func embedTokens(
        _ tokens: ReferenceTensor, prefix: ReferenceTensor?, positions: ReferenceTensor
    ) throws -> ReferenceTensor {
        let sizes = try EmbedTokensSizes(
            tokens: tokens.shape, prefix: prefix?.shape, positions: positions.shape)
        let (x, first, offsets) = (tokens.values, prefix?.values ?? [], positions.values)
        let width = sizes.width
        return ReferenceTensor(sizes.outputShape, rowWidth: width) { row, output in
            let (image, token) = row.quotientAndRemainder(dividingBy: sizes.tokens)
            let patch = image * sizes.patches + token - sizes.prefix
            for column in output.indices {
                let value =
                    token < sizes.prefix
                    ? first[token * width + column] : x[patch * width + column]
                output[column] = value + offsets[token * width + column]
            }
        }
    }

    /// Implements ``/DVTCore/Backend/pooledTokens(_:_:)``.
    public func pooledTokens(
        _ x: ReferenceTensor, _ pooling: TokenPooling
    ) throws -> ReferenceTensor {
        let sizes = try PooledTokensSizes(x.shape, pooling)
        let (tokens, width, values) = (sizes.tokens, sizes.width, x.values)
        return ReferenceTensor(
            sizes.outputShape, rowWidth: pooling.rows * width
        ) { image, output in
            let start = image * tokens * width
            for column in output.indices {
                guard column >= pooling.first * width else {
                    output[column] = values[start + column]
                    continue
                }
                let averaged = sizes.averagedFrom..<tokens
                let sum = averaged.reduce(0.0) {
                    $0 + Double(values[start + $1 * width + column - pooling.first * width])
                }
                output[column] = Float(sum / Double(averaged.count))
            }
        }
    }

    /// Implements ``/DVTCore/Backend/gather(_:rows:after:)``.
    public func gather(
        _ x: ReferenceTensor, rows: [Int], after batch: ReferenceTensor?
    ) throws -> ReferenceTensor {
        let shape = try gatheredShape(x.shape, rows: rows, after: batch?.shape)
        let width = x.shape.withBatch(1).elementCount
        let (first, values) = (batch?.values ?? [], x.values)
        let kept = shape[0] - rows.count
        return ReferenceTensor(shape, rowWidth: width) { index, output in
            let start = (index < kept ? index : rows[index - kept]) * width
            let source = index < kept ? first : values
            _ = output.update(fromContentsOf: source[start..<start + width])
        }
    }
}

extension SoftSplitSizes {
    /// The elements under one patch, channel-major, zero beyond the grid's edge.
    func patch(_ token: Int, of values: [Float]) -> [Float] {
        let (image, cell) = token.quotientAndRemainder(dividingBy: grid * grid)
        let top = cell / grid * geometry.stride - geometry.padding
        let left = cell % grid * geometry.stride - geometry.padding
        let start = image * channels * side * side
        var patch: [Float] = []
        patch.reserveCapacity(patchElements)
        for channel in 0..<channels {
            for y in top..<top + geometry.kernel {
                for x in left..<left + geometry.kernel {
                    let isInside = (0..<side).contains(y) && (0..<side).contains(x)
                    let offset = channel * channelStride + (y * side + x) * pixelStride
                    patch.append(isInside ? values[start + offset] : 0)
                }
            }
        }
        return patch
    }
}
