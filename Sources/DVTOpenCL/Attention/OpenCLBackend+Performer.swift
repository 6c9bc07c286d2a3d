import DVTCore
import DVTSupport
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/performerAttention(_:randomFeatures:)``.
    public func performerAttention(
        _ kqv: OpenCLTensor, randomFeatures features: OpenCLLinear
    ) throws -> OpenCLTensor {
        let sizes = try PerformerSizes(kqv: kqv.shape, features: features.weight.shape)
        let output = try makeTensor(sizes.outputShape)
        guard output.shape.elementCount > 0 else { return output }
        if kernelStyle == .vector, sizes.width % 16 == 0,
            performerChunk * packedTile.padded(sizes.features) * 4 <= localMemoryLimit
        {
            try enqueueVectorPerformer(kqv, features: features, to: output, sizes)
        } else {
            try enqueueElementPerformer(kqv, features: features, to: output, sizes)
        }
        return output
    }

    /// The number of tokens per partial sum.
    var performerChunk: Int { 64 }

    private func enqueueVectorPerformer(
        _ kqv: OpenCLTensor, features: OpenCLLinear, to output: OpenCLTensor,
        _ sizes: PerformerSizes
    ) throws {
        let packed = try packedWeight(of: features, by: packedTile)
        let macros =
            packedTile.macros + ["WIDTH=\(sizes.width)", "SUM_CHUNK=\(performerChunk)"]
        let phi = TypedArgument.local(
            byteCount: performerChunk * packedTile.padded(sizes.features) * 4)
        func enqueue(_ name: String, _ arguments: KernelArguments) throws {
            try self.enqueue(
                KernelCall(
                    name, in: "performer_vector", macros: macros,
                    arguments + [
                        "phi": phi, "tokens": .int(sizes.tokens),
                        "features": .int(sizes.features),
                    ], over: .groups(ceilDiv(sizes.tokens, performerChunk), sizes.batch)))
        }
        let sums = try performerSums(sizes) { partial, _ in
            try enqueue(
                "performer_partial_sums",
                ["partial": .float32(partial), "kqv": .tensor(kqv), "packed": .buffer(packed)])
        }
        try enqueue(
            "performer_attend",
            [
                "output": .tensor(output), "kqv": .tensor(kqv), "packed": .buffer(packed),
                "sums": .float32(sums),
            ])
    }

    private func enqueueElementPerformer(
        _ kqv: OpenCLTensor, features: OpenCLLinear, to output: OpenCLTensor,
        _ sizes: PerformerSizes
    ) throws {
        let rows = sizes.batch * sizes.tokens
        let (phi, sums) = try performerFeatures(kqv, features: features.weight, sizes)
        try enqueue(
            KernelCall(
                "performer_attend", in: "performer",
                [
                    "output": .tensor(output), "phi": .float32(phi), "sums": .float32(sums),
                    "rows": .int(rows), "tokens": .int(sizes.tokens),
                    "count": .int(sizes.features), "width": .int(sizes.width),
                ], over: .elements(sizes.width, rows)))
    }

    /// The random features of every key and query, `[B, T, 2, m]`, and their sums over the tokens
    /// of each image as ``performerSums(_:enqueuePartial:)`` returns them; one work-item per
    /// element.
    func performerFeatures(
        _ kqv: OpenCLTensor, features: OpenCLTensor, _ sizes: PerformerSizes
    ) throws -> (phi: OpenCLTensor, sums: OpenCLTensor) {
        let rows = sizes.batch * sizes.tokens
        let (count, width) = (sizes.features, sizes.width)
        let phi = try makeTensor([sizes.batch, sizes.tokens, 2 * count], .float32)
        try enqueue(
            KernelCall(
                "performer_features", in: "performer",
                [
                    "phi": .float32(phi), "kqv": .tensor(kqv), "features": .tensor(features),
                    "rows": .int(rows), "count": .int(count), "width": .int(width),
                ], over: .elements(2 * count, rows)))
        let sums = try performerSums(sizes) { partial, chunks in
            try enqueue(
                KernelCall(
                    "performer_partial_sums", in: "performer",
                    macros: ["SUM_CHUNK=\(performerChunk)"],
                    [
                        "partial": .float32(partial), "phi": .float32(phi), "kqv": .tensor(kqv),
                        "batch": .int(sizes.batch), "tokens": .int(sizes.tokens),
                        "chunks": .int(chunks), "count": .int(count), "width": .int(width),
                    ], over: .elements(count * (width + 1), chunks, sizes.batch)))
        }
        return (phi, sums)
    }

    /// The sums over the keys and values of each image, `[B, m, E + 1]`.
    ///
    /// - Parameters:
    ///   - sizes: the sizes.
    ///   - enqueuePartial: enqueues the sums over each chunk of tokens, `[B, chunks, m (E + 1)]`.
    /// - Returns: the sums.
    /// - Throws: the device's error.
    func performerSums(
        _ sizes: PerformerSizes,
        enqueuePartial: (_ partial: OpenCLTensor, _ chunks: Int) throws -> Void
    ) throws -> OpenCLTensor {
        let chunks = ceilDiv(sizes.tokens, performerChunk)
        let columns = sizes.features * (sizes.width + 1)
        let partial = try makeTensor([sizes.batch, chunks, columns], .float32)
        try enqueuePartial(partial, chunks)
        let sums = try makeTensor([sizes.batch, columns], .float32)
        try enqueueChunkSums(
            of: partial, to: sums, batch: sizes.batch, chunks: chunks, columns: columns)
        return sums
    }
}
