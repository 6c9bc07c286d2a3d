import OpenCLRuntime

extension OpenCLBackend {
    /// Enqueues the sums of partial sums over the chunks of each image.
    ///
    /// - Parameters:
    ///   - partial: the partial sums, `[batch, chunks, columns]`.
    ///   - sums: the result, `[batch, columns]`.
    ///   - batch: the number of images.
    ///   - chunks: the chunks of an image.
    ///   - columns: the sums of an image.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the device fails.
    func enqueueChunkSums(
        of partial: OpenCLTensor, to sums: OpenCLTensor, batch: Int = 1, chunks: Int, columns: Int
    ) throws {
        try enqueue(
            KernelCall(
                "sum_chunks", in: "column_sums",
                [
                    "sums": .tensor(sums), "partial": .tensor(partial), "batch": .int(batch),
                    "chunks": .int(chunks), "columns": .int(columns),
                ], over: .elements(columns, batch)))
    }
}
