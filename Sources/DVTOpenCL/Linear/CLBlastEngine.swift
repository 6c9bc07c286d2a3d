import CCLBlast
import COpenCL
import OpenCLRuntime

/// CLBlast's GEMM.
///
/// Copied and padded operands are written to one workspace buffer that grows as needed; CLBlast
/// would otherwise create a buffer in each call.
final class CLBlastEngine {
    private let queue: CommandQueue
    private var workspace: Buffer?

    init(queue: CommandQueue) throws {
        self.queue = queue
        try CLBlastTuning.apply(to: queue.context.device)
    }

    /// Enqueues a product; a product without elements enqueues nothing.
    func multiply(_ product: MatrixProduct) throws {
        guard product.rows > 0, product.columns > 0 else { return }
        let call = GemmCall(product)
        let workspaceBytes = try call.workspaceBytes(on: queue)
        try call.checkIndices(workspaceBytes: workspaceBytes)
        let workspace = try workspace(byteCount: workspaceBytes)
        // CLBlast returns only the event of its last kernel, not of preceding copies and padding.
        try queue.enqueueExternal(label: "gemm") { queue, event in
            try call.check(
                CLBlastSgemmWithTempBuffer(
                    CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeYes,
                    product.rows, product.columns, product.depth, 1, product.left.buffer.handle,
                    product.left.offset, call.leftPitch, product.right.buffer.handle,
                    product.right.offset, call.rightPitch, 0, product.output.buffer.handle,
                    product.output.offset, call.outputPitch, queue, event, workspace?.handle))
        }
    }

    private func workspace(byteCount: Int) throws -> Buffer? {
        guard byteCount > 0 else { return nil }
        if let workspace, workspace.byteCount >= byteCount { return workspace }
        let larger = try queue.context.makeBuffer(byteCount: byteCount)
        workspace = larger
        return larger
    }
}

/// The arguments of CLBlast's functions for a product.
private struct GemmCall {
    let product: MatrixProduct

    init(_ product: MatrixProduct) {
        self.product = product
    }

    var leftPitch: Int { product.left.pitch ?? product.depth }
    var outputPitch: Int { product.output.pitch ?? product.columns }
    var rightPitch: Int { product.depth }

    func workspaceBytes(on queue: CommandQueue) throws -> Int {
        var queue: cl_command_queue? = queue.handle
        var byteCount = 0
        try check(
            CLBlastSGemmTempBufferSize(
                CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeYes, product.rows,
                product.columns, product.depth, product.left.offset, leftPitch,
                product.right.offset, rightPitch, product.output.offset, outputPitch, &queue,
                &byteCount))
        return byteCount
    }

    /// Throws if an index exceeds 32 bits, where CLBlast's kernels would access wrong elements.
    func checkIndices(workspaceBytes: Int) throws {
        let ends = [
            product.left.offset + product.rows * leftPitch,
            product.right.offset + product.depth * product.columns,
            product.output.offset + product.rows * outputPitch,
            workspaceBytes / MemoryLayout<Float>.stride,
        ]
        if let largest = ends.max(), largest > Int(Int32.max) {
            throw OpenCLBackendError.tooManyElements(largest)
        }
    }

    func check(_ status: CLBlastStatusCode) throws {
        guard status == CLBlastSuccess else {
            throw OpenCLBackendError.matMulFailed(
                engine: "CLBlast", rows: product.rows, columns: product.columns,
                depth: product.depth, status: status.rawValue)
        }
    }
}
