import DVTCore
public import OpenCLRuntime

/// A tensor in device memory, which returns to the backend's pool with the last reference.
public final class OpenCLTensor: BackendTensor {
    /// The extents.
    public let shape: Shape
    private let memory: PooledBuffer

    init(_ shape: Shape, _ memory: PooledBuffer) {
        self.shape = shape
        self.memory = memory
        memory.usedBytes = shape.byteCount
    }

    /// A larger batch in the same memory, which begins with this batch's rows.
    ///
    /// - Parameter shape: the larger batch's shape.
    /// - Returns: nil if the memory is too small or another tensor already uses the rest of it.
    func grown(to shape: Shape) -> OpenCLTensor? {
        guard memory.usedBytes == self.shape.byteCount, shape.byteCount <= buffer.byteCount else {
            return nil
        }
        return OpenCLTensor(shape, memory)
    }

    /// The memory; it may be larger than the shape needs.
    var buffer: Buffer { memory.buffer }

    /// The number of in-place changes; tensors that share memory share it.
    var version: Int { memory.version }

    /// Notes that the elements have changed in place.
    func noteChange() {
        memory.version += 1
    }

    /// The same memory under another shape of equal size.
    func reshaped(_ shape: Shape) -> OpenCLTensor {
        OpenCLTensor(shape, memory)
    }
}

/// The network's operations on an OpenCL device, with the package's kernels and CLBlast's GEMM.
///
/// A backend owns an in-order queue and is confined to one thread or actor. Operations enqueue
/// kernels and return. Freed buffers are reused; the in-order queue makes this safe.
public final class OpenCLBackend: Backend {
    /// The name of the device and its driver.
    public let deviceName: String
    /// The device's context, which counts builds, buffers and launches.
    public let context: Context
    /// The style of the kernels.
    public let kernelStyle: KernelStyle
    /// Why the other style does not run on the device, or nil.
    public let kernelStyleProblem: String?
    /// The queue of all commands.
    package let queue: CommandQueue
    let kernels: KernelLibrary
    let clblast: CLBlastEngine
    /// The precision of linear layers.
    public let precision: Precision
    /// Why mixed precision was requested but is not used, or nil.
    public let precisionProblem: String?
    /// The register tile of vector kernels.
    let packedTile: PackedTile
    /// The engine of linear layers that were not tuned.
    package let defaultLinearEngine: LinearEngine
    /// The engine of all linear layers, which takes precedence over ``linearTuning``; set by tuning
    /// and tests.
    package var chosenLinearEngine: LinearEngine?
    /// The engines that were measured on this device.
    package var linearTuning: LinearTuning
    /// Why the stored tuning is ignored, or nil.
    public let tuningProblem: String?
    private let pool: BufferPool
    /// The local memory that vector kernels may use, in bytes.
    var localMemoryLimit: Int
    var batchCapacity = 1
    private var tables: [GridResampling: ResamplingTable] = [:]
    private var transposedTables: [GridResampling: TapArrays] = [:]
    private var lastRows: (rows: [Int], indices: OpenCLTensor)?

    /// Creates a backend with its own queue.
    ///
    /// - Parameters:
    ///   - context: the device's context; several backends may share it.
    ///   - kernelStyle: the style of the kernels; nil selects the faster one, which is measured
    ///     once per device and stored in the user's cache folder.
    ///   - precision: the precision of linear layers. Mixed precision is tested on the device
    ///     first; if it does not work, float32 is used and ``precisionProblem`` gives the reason.
    ///   - buildOptions: compiler options added to the package's own, for example
    ///     `-cl-opt-disable` for checkers.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the queue cannot be created or a kernel does not
    ///   build.
    public convenience init(
        context: Context, kernelStyle: KernelStyle? = nil, precision: Precision = .float32,
        buildOptions: String = ""
    ) throws {
        let problem = precision == .mixed ? TensorCores.problem(on: context) : nil
        let isMixed = precision == .mixed && problem == nil
        try self.init(
            context: context, kernelStyle: kernelStyle, linearEngine: isMixed ? .matrix : nil,
            precisionProblem: problem, buildOptions: buildOptions)
    }

    /// Creates a backend with its own queue.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - kernelStyle: the style of the kernels; nil selects the faster one.
    ///   - linearEngine: the engine of all linear layers; nil selects the engine that `dvt tune`
    ///     found fastest, or the device's default.
    ///   - precisionProblem: why mixed precision was requested but is not used, or nil.
    ///   - buildOptions: compiler options added to the package's own.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the queue cannot be created or a kernel does not
    ///   build.
    package convenience init(
        context: Context, kernelStyle: KernelStyle?, linearEngine: LinearEngine?,
        precisionProblem: String? = nil, buildOptions: String
    ) throws {
        let choice = try kernelStyle.map { ($0, nil) } ?? KernelStyle.fastest(on: context)
        try self.init(
            context: context, kernelStyle: choice,
            linearEngine: linearEngine ?? LinearEngine.standard(choice.0, on: context),
            tuning: linearEngine == nil ? LinearTuning.stored(for: context) : (LinearTuning(), nil),
            precisionProblem: precisionProblem, buildOptions: buildOptions)
    }

    /// Creates a backend with its own queue, style and engine.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - kernelStyle: the style of the kernels, and why the other does not run, or nil.
    ///   - linearEngine: the engine of linear layers that were not tuned.
    ///   - tuning: the engines that were measured, and why they are ignored, or nil.
    ///   - precisionProblem: why mixed precision was requested but is not used, or nil.
    ///   - buildOptions: compiler options added to the package's own.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the queue cannot be created.
    package init(
        context: Context, kernelStyle: (style: KernelStyle, problem: String?),
        linearEngine: LinearEngine,
        tuning: (tuning: LinearTuning, problem: String?) = (LinearTuning(), nil),
        precisionProblem: String? = nil, buildOptions: String = ""
    ) throws {
        let device = context.device
        deviceName = device.nameAndDriver
        self.context = context
        queue = try context.makeQueue()
        (self.kernelStyle, kernelStyleProblem) = kernelStyle
        defaultLinearEngine = linearEngine
        precision = linearEngine == .matrix ? .mixed : .float32
        self.precisionProblem = precisionProblem
        (linearTuning, tuningProblem) = tuning
        kernels = KernelLibrary(context: context, buildOptions: buildOptions)
        pool = BufferPool(context: context)
        localMemoryLimit = device.localMemoryBytes
        packedTile = PackedTile(floatVectorWidth: device.nativeFloatVectorWidth)
        clblast = try CLBlastEngine(queue: queue)
    }

    /// Implements ``/DVTCore/Backend/reserve(batch:)``.
    public func reserve(batch: Int) {
        guard batch > batchCapacity else { return }
        batchCapacity = batch
        pool.releaseFree()
    }

    /// Implements ``/DVTCore/Backend/releaseMemory()``.
    public func releaseMemory() {
        batchCapacity = 1
        lastRows = nil
        pool.releaseFree()
    }

    /// Implements ``/DVTCore/Backend/finish()``.
    public func finish() throws {
        try queue.finish()
    }

    /// Implements ``/DVTCore/Backend/upload(_:)``.
    public func upload(_ tensor: Tensor) throws -> OpenCLTensor {
        try write(tensor, to: makeScratch(tensor.shape))
    }

    /// Implements ``/DVTCore/Backend/uploadBatch(_:)``.
    public func uploadBatch(_ batch: Tensor) throws -> OpenCLTensor {
        try write(batch, to: makeTensor(batch.shape))
    }

    private func write(_ tensor: Tensor, to copy: OpenCLTensor) throws -> OpenCLTensor {
        try queue.write(tensor.values, to: copy.buffer)
        return copy
    }

    /// Implements ``/DVTCore/Backend/download(_:)``.
    public func download(_ tensor: OpenCLTensor) throws -> Tensor {
        let values = try queue.read(
            Float.self, count: tensor.shape.elementCount, from: tensor.buffer)
        return Tensor(tensor.shape, values: values)
    }

    /// Memory for a tensor `[B, ...]` with undefined contents.
    ///
    /// The memory fits the reserved batch even if B is smaller. Batches that shrink at exits thus
    /// request the same sizes, and the pool creates no more buffers after a batch in which images
    /// exited at every exit.
    func makeTensor(_ shape: Shape) throws -> OpenCLTensor {
        guard shape.rank > 0 else { return try makeScratch(shape) }
        let capacity = shape.withBatch(max(shape[0], batchCapacity))
        return OpenCLTensor(shape, try pool.take(byteCount: capacity.byteCount))
    }

    /// Memory for a tensor whose first extent is not the batch, with undefined contents.
    func makeScratch(_ shape: Shape) throws -> OpenCLTensor {
        OpenCLTensor(shape, try pool.take(byteCount: shape.byteCount))
    }

    /// The indices of rows on the device.
    ///
    /// The last indices are cached: an exit gathers several tensors by the same rows, and each
    /// write would wait for the previous copy.
    func rowIndices(_ rows: [Int]) throws -> OpenCLTensor {
        if let lastRows, lastRows.rows == rows { return lastRows.indices }
        lastRows = nil
        let indices = try makeTensor([rows.count])
        try queue.write(rows.map(Int32.init), to: indices.buffer)
        lastRows = (rows, indices)
        return indices
    }

    /// The taps of a resampling on the device, created on first use.
    func table(_ resampling: GridResampling) throws -> ResamplingTable {
        if let table = tables[resampling] { return table }
        let table = try ResamplingTable(resampling, context: context, queue: queue)
        tables[resampling] = table
        return table
    }

    /// The transposed taps of a resampling on the device, created on first use.
    func transposedTable(_ resampling: GridResampling) throws -> TapArrays {
        if let table = transposedTables[resampling] { return table }
        let table = try TapArrays(resampling.transposedTable(), context: context, queue: queue)
        transposedTables[resampling] = table
        return table
    }
}

/// The weights of a resampling on a device.
struct ResamplingTable {
    /// The taps of each fine token, `[taps, T]`.
    let tokens: TapArrays
    /// The taps of each row or column of the fine grid, `[taps, t]`.
    let axis: TapArrays
    /// The taps along an axis as a dense matrix, `[g, pitch]`.
    let spread: Buffer
    let pitch: Int

    init(_ resampling: GridResampling, context: Context, queue: CommandQueue) throws {
        tokens = try TapArrays(resampling.table(), context: context, queue: queue)
        axis = try TapArrays(resampling.axisTable(), context: context, queue: queue)
        let matrix = resampling.axisMatrix()
        pitch = matrix.pitch
        spread = try context.makeBuffer(byteCount: matrix.values.count * 4, access: .readOnly)
        try queue.write(matrix.values, to: spread)
    }
}

/// The taps of a resampling as two arrays on a device.
struct TapArrays {
    let taps: Int
    let indices: Buffer
    let weights: Buffer

    init(
        _ table: (width: Int, indices: [Int32], weights: [Float]), context: Context,
        queue: CommandQueue
    ) throws {
        taps = table.width
        indices = try context.makeBuffer(byteCount: table.indices.count * 4, access: .readOnly)
        weights = try context.makeBuffer(byteCount: table.weights.count * 4, access: .readOnly)
        try queue.write(table.indices, to: indices)
        try queue.write(table.weights, to: weights)
    }
}
