import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/performerAttention(_:features:)``.
    public func performerAttention(
        _ kqv: OpenCLTensor, features: OpenCLLinear
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

    /// The tokens of a partial sum.
    var performerChunk: Int { 64 }

    private func enqueueVectorPerformer(
        _ kqv: OpenCLTensor, features: OpenCLLinear, to output: OpenCLTensor,
        _ sizes: PerformerSizes
    ) throws {
        let packed = try packedWeight(of: features, by: packedTile)
        let defines =
            packedTile.defines + ["WIDTH=\(sizes.width)", "SUM_CHUNK=\(performerChunk)"]
        let phi = KernelArgument.local(
            byteCount: performerChunk * packedTile.padded(sizes.features) * 4)
        let chunks = (sizes.tokens + performerChunk - 1) / performerChunk
        func enqueue(_ name: String, _ arguments: [KernelArgument]) throws {
            let kernel = try kernels.kernel(name, in: "performer_vector", defines: defines)
            try queue.enqueue(
                kernel,
                arguments: arguments + [phi, .int(sizes.tokens), .int(sizes.features)],
                global: [chunks, sizes.batch], local: [1, 1])
        }
        let sums = try performerSums(sizes) { partial, _ in
            try enqueue(
                "performer_partial_sums", [.tensor(partial), .tensor(kqv), .buffer(packed)])
        }
        try enqueue(
            "performer_attend", [.tensor(output), .tensor(kqv), .buffer(packed), .tensor(sums)])
    }

    private func enqueueElementPerformer(
        _ kqv: OpenCLTensor, features: OpenCLLinear, to output: OpenCLTensor,
        _ sizes: PerformerSizes
    ) throws {
        let rows = sizes.batch * sizes.tokens
        let (count, width) = (sizes.features, sizes.width)
        let (phi, sums) = try performerFeatures(kqv, features: features.weight, sizes)
        try enqueueElements(
            "performer_attend", in: "performer",
            [
                .tensor(output), .tensor(phi), .tensor(sums), .int(rows), .int(sizes.tokens),
                .int(count), .int(width),
            ], over: [width, rows])
    }

    /// phi of every key and query `[B, T, 2, m]`, and what the keys and values of each image add up
    /// to, by kernels of one element a work-item.
    func performerFeatures(
        _ kqv: OpenCLTensor, features: OpenCLTensor, _ sizes: PerformerSizes
    ) throws -> (phi: OpenCLTensor, sums: OpenCLTensor) {
        let rows = sizes.batch * sizes.tokens
        let (count, width) = (sizes.features, sizes.width)
        let phi = try makeTensor([sizes.batch, sizes.tokens, 2 * count])
        try enqueueElements(
            "performer_features", in: "performer",
            [.tensor(phi), .tensor(kqv), .tensor(features), .int(rows), .int(count), .int(width)],
            over: [2 * count, rows])
        let sums = try performerSums(sizes) { partial, chunks in
            try enqueueElements(
                "performer_partial_sums", in: "performer", defines: ["SUM_CHUNK=\(performerChunk)"],
                [
                    .tensor(partial), .tensor(phi), .tensor(kqv), .int(sizes.batch),
                    .int(sizes.tokens), .int(chunks), .int(count), .int(width),
                ], over: [count * (width + 1), chunks, sizes.batch])
        }
        return (phi, sums)
    }

    /// What all keys and values of each image add up to, `[B, m, E + 1]`.
    ///
    /// - Parameters:
    ///   - sizes: the sizes.
    ///   - enqueuePartial: enqueues the sums over each chunk of tokens, `[B, chunks, m (E + 1)]`.
    /// - Returns: their sums.
    /// - Throws: the device's error.
    func performerSums(
        _ sizes: PerformerSizes,
        enqueuePartial: (_ partial: OpenCLTensor, _ chunks: Int) throws -> Void
    ) throws -> OpenCLTensor {
        let chunks = (sizes.tokens + performerChunk - 1) / performerChunk
        let columns = sizes.features * (sizes.width + 1)
        let partial = try makeTensor([sizes.batch, chunks, columns])
        try enqueuePartial(partial, chunks)
        let sums = try makeTensor([sizes.batch, columns])
        try enqueueElements(
            "sum_chunks", in: "column_sums",
            [
                .tensor(sums), .tensor(partial), .int(sizes.batch), .int(chunks), .int(columns),
            ], over: [columns, sizes.batch])
        return sums
    }
}
