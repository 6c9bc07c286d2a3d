import DVTCore
import OpenCL

extension OpenCLBackend {
    /// Attention by random features; see ``/DVTCore/Backend/performerAttention(_:features:)``.
    ///
    /// - Parameters:
    ///   - kqv: `[B, T, 3E]`, k before q before v.
    ///   - features: w, `[m, E]`.
    /// - Returns: `[B, T, E]`.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func performerAttention(
        _ kqv: OpenCLTensor, features: OpenCLTensor
    ) throws -> OpenCLTensor {
        let sizes = try PerformerSizes(kqv: kqv.shape, features: features.shape)
        let rows = sizes.batch * sizes.tokens
        let (count, width) = (sizes.features, sizes.width)
        let phi = try makeTensor([sizes.batch, sizes.tokens, 2 * count])
        try enqueueElements(
            "performer_features", in: "performer",
            [.tensor(phi), .tensor(kqv), .tensor(features), .int(rows), .int(count), .int(width)],
            over: [2 * count, rows])
        let sums = try performerSums(phi, kqv, sizes)
        let output = try makeTensor(sizes.outputShape)
        try enqueueElements(
            "performer_attend", in: "performer",
            [
                .tensor(output), .tensor(phi), .tensor(sums), .int(rows), .int(sizes.tokens),
                .int(count), .int(width),
            ], over: [width, rows])
        return output
    }

    /// What all keys and values of each image add up to, `[B, m, E + 1]`.
    private func performerSums(
        _ phi: OpenCLTensor, _ kqv: OpenCLTensor, _ sizes: PerformerSizes
    ) throws -> OpenCLTensor {
        let chunk = 64
        let chunks = (sizes.tokens + chunk - 1) / chunk
        let columns = sizes.features * (sizes.width + 1)
        let partial = try makeTensor([sizes.batch, chunks, columns])
        try enqueueElements(
            "performer_partial_sums", in: "performer", defines: ["SUM_CHUNK=\(chunk)"],
            [
                .tensor(partial), .tensor(phi), .tensor(kqv), .int(sizes.batch),
                .int(sizes.tokens), .int(chunks), .int(sizes.features), .int(sizes.width),
            ], over: [columns, chunks, sizes.batch])
        let sums = try makeTensor([sizes.batch, columns])
        try enqueueElements(
            "performer_sums", in: "performer",
            [
                .tensor(sums), .tensor(partial), .int(sizes.batch), .int(chunks), .int(columns),
            ], over: [columns, sizes.batch])
        return sums
    }
}
