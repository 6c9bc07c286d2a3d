import DVTCore

extension ReferenceBackend {
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

    /// Implements ``/DVTCore/Backend/embedTokens(_:classToken:positions:)``.
    public func embedTokens(
        _ tokens: ReferenceTensor, classToken: ReferenceTensor, positions: ReferenceTensor
    ) throws -> ReferenceTensor {
        let sizes = try EmbedTokensSizes(
            tokens: tokens.shape, classToken: classToken.shape, positions: positions.shape)
        let (x, first, offsets) = (tokens.values, classToken.values, positions.values)
        let (width, count) = (sizes.width, sizes.patches + 1)
        return ReferenceTensor(sizes.outputShape, rowWidth: width) { row, output in
            let (image, token) = row.quotientAndRemainder(dividingBy: count)
            for column in output.indices {
                let value =
                    token == 0
                    ? first[column] : x[(image * sizes.patches + token - 1) * width + column]
                output[column] = value + offsets[token * width + column]
            }
        }
    }

    /// Implements ``/DVTCore/Backend/classTokens(_:)``.
    public func classTokens(_ x: ReferenceTensor) throws -> ReferenceTensor {
        try requireRank("x", x.shape, 3)
        let (tokens, width, values) = (x.shape[1], x.shape[2], x.values)
        return ReferenceTensor([x.shape[0], width], rowWidth: width) { image, output in
            _ = output.update(
                fromContentsOf: values[image * tokens * width..<(image * tokens + 1) * width])
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
