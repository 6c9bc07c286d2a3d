import DVTCore

extension ONNXGraphBackend {
    /// Two products with the taps of an axis as a matrix; `Resize` has antialiasing only from opset 18.
    func resizedImages(_ images: ONNXTensor, to side: Int) throws -> ONNXTensor {
        let sizes = try ResizedImagesSizes(images.shape, to: side)
        let lines = graph.add("MatMul", [resizingMatrix(sizes), name(images)])
        let resized = graph.add("MatMul", [lines, resizingMatrix(sizes, isTransposed: true)])
        return value(resized, sizes.outputShape)
    }

    private func resizingMatrix(
        _ sizes: ResizedImagesSizes, isTransposed: Bool = false
    ) -> String {
        let (source, target) = (sizes.source, sizes.target)
        let shape: Shape = isTransposed ? [source, target] : [target, source]
        let kind = isTransposed ? ".transposed" : ""
        return graph.initializer(
            ONNXInitializer(name: "resizing_\(source)_to_\(target)\(kind)", shape: shape) {
                var matrix = [Float](repeating: 0, count: shape.elementCount)
                for (cell, taps) in sizes.taps.enumerated() {
                    for tap in taps {
                        let index =
                            isTransposed ? tap.index * target + cell : cell * source + tap.index
                        matrix[index] = tap.weight
                    }
                }
                return matrix
            })
    }

    func patchEmbed(
        _ images: ONNXTensor, _ projection: LinearParameters<ONNXTensor>, geometry: PatchGeometry
    ) throws -> ONNXTensor {
        let sizes = try PatchEmbedSizes(
            images: images.shape, weight: projection.weight.shape, bias: projection.bias?.shape,
            geometry: geometry)
        let patches = convolution(name(images), projection, geometry: geometry)
        let shape = sizes.outputShape
        let columns = graph.reshape(patches, [0, shape[2], shape[1]])
        return value(graph.transpose(columns, [0, 2, 1]), shape)
    }

    /// Gathers the rows and the columns of all patches, one axis after the other.
    func softSplit(_ x: ONNXTensor, geometry: PatchGeometry) throws -> ONNXTensor {
        let sizes = try SoftSplitSizes(x.shape, geometry: geometry)
        let isImage = x.shape.rank == 4
        let grid =
            isImage
            ? name(x) : graph.reshape(name(x), [0, sizes.side, sizes.side, sizes.channels])
        let axis = isImage ? 2 : 1
        let rows = graph.add(
            "Gather", [padded(grid, axis: axis, by: geometry.padding), windows(sizes)],
            [.int("axis", axis)])
        let patches = graph.add("Gather", [rows, windows(sizes)], [.int("axis", axis + 2)])
        // To [B, patch's row, patch's column, C, row, column].
        let ordered = graph.transpose(
            patches, isImage ? [0, 3, 5, 1, 2, 4] : [0, 2, 4, 5, 1, 3])
        let shape = sizes.outputShape
        return value(graph.reshape(ordered, [0, shape[1], shape[2]]), shape)
    }

    func columns(_ x: ONNXTensor, _ columns: Range<Int>) throws -> ONNXTensor {
        let shape = try columnsShape(x.shape, columns)
        return value(graph.slice(name(x), axis: x.shape.rank - 1, columns), shape)
    }

    /// Adds the positions to the patches; the shared tokens are zeros here and part of the positions.
    func embedTokens(
        _ tokens: ONNXTensor, prefix: ONNXTensor?, positions: ONNXTensor
    ) throws -> ONNXTensor {
        let sizes = try EmbedTokensSizes(
            tokens: tokens.shape, prefix: prefix?.shape, positions: positions.shape)
        guard let prefix else {
            return value(
                graph.add("Add", [name(tokens), name(positions)]), sizes.outputShape)
        }
        guard case .parameter(let first) = prefix.origin,
            case .parameter(let rest) = positions.origin
        else { throw ExportError.notRecorded(operation: "an embedding of computed tokens") }
        let all = graph.initializer(
            ONNXInitializer(name: "\(rest.name)+\(first.name)", shape: rest.shape) {
                var values = try rest.read().values
                for (index, value) in try first.read().values.enumerated() {
                    values[index] += value
                }
                return values
            })
        let rows = graph.add(
            "Pad", [name(tokens), graph.integers([0, sizes.prefix, 0, 0, 0, 0])])
        return value(graph.add("Add", [rows, all]), sizes.outputShape)
    }

    func pooledTokens(_ x: ONNXTensor, _ pooling: TokenPooling) throws -> ONNXTensor {
        let sizes = try PooledTokensSizes(x.shape, pooling)
        var parts: [String] = []
        if pooling.first > 0 {
            let rows = graph.slice(name(x), axis: 1, 0..<pooling.first)
            parts.append(graph.reshape(rows, [0, pooling.first * sizes.width]))
        }
        if pooling.averagedFrom != nil {
            let rows = graph.slice(name(x), axis: 1, sizes.averagedFrom..<sizes.tokens)
            parts.append(
                graph.add("ReduceMean", [rows], [.ints("axes", [1]), .int("keepdims", 0)]))
        }
        return value(graph.concatenate(parts, axis: 1), sizes.outputShape)
    }

    /// A grid with zeros around it; its side is at `axis` and the one after.
    private func padded(_ grid: String, axis: Int, by padding: Int) -> String {
        guard padding > 0 else { return grid }
        var pads = [Int](repeating: 0, count: 8)
        for side in [axis, axis + 1, axis + 4, axis + 5] { pads[side] = padding }
        return graph.add("Pad", [grid, graph.integers(pads)])
    }

    /// For each element of a patch along an axis, its place in every patch, `[k, grid]`.
    private func windows(_ sizes: SoftSplitSizes) -> String {
        let (kernel, stride) = (sizes.geometry.kernel, sizes.geometry.stride)
        let places = (0..<kernel).flatMap { element in
            (0..<sizes.grid).map { $0 * stride + element }
        }
        return graph.integers(places, shape: [kernel, sizes.grid])
    }
}
