import DVTCore
public import OpenCLRuntime

/// A tensor in a device's memory, which returns to the backend's pool with the last reference.
public final class OpenCLTensor: BackendTensor {
    /// The extents.
    public let shape: Shape
    private let memory: PooledBuffer

    init(_ shape: Shape, _ memory: PooledBuffer) {
        self.shape = shape
        self.memory = memory
        memory.usedBytes = shape.byteCount
    }

    /// A longer batch on the same memory, which begins with this one's rows.
    ///
    /// - Parameter shape: the longer batch's shape.
    /// - Returns: nil if the memory is too small, or its rest belongs to another tensor already.
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

/// The network's operations on an OpenCL device: hand-written kernels, and CLBlast for GEMMs.
///
/// One backend owns one in-order queue and is confined to one thread or actor. Operations enqueue
/// and return; memory that is let go is used again by what is enqueued later, which the order of
/// the queue makes safe.
public final class OpenCLBackend: Backend {
    /// The device's name and driver, for people.
    public let deviceName: String
    /// The device's context; it counts builds, buffers and launches.
    public let context: Context
    /// The style of kernels that is used.
    public let kernelStyle: KernelStyle
    /// Why the other style was not measured against it, if it does not run on the device.
    public let kernelStyleProblem: String?
    /// The queue that all work goes through.
    package let queue: CommandQueue
    let kernels: KernelLibrary
    let clblast: CLBlastEngine
    /// What linear maps are computed in.
    public let precision: Precision
    /// Why mixed precision is not used, if it was asked for and is not.
    public let precisionProblem: String?
    /// The register tile of vector kernels.
    let packedTile: PackedTile
    /// The engine of linear maps that were not tuned.
    package let defaultLinearEngine: LinearEngine
    /// The engine of all linear maps, whatever was measured; tuning and tests set it.
    package var chosenLinearEngine: LinearEngine?
    /// The engines that were measured on this device.
    package var linearTuning: LinearTuning
    /// Why the stored tuning does not count, if it does not.
    public let tuningProblem: String?
    private let pool: BufferPool
    /// The local memory that the vector kernels may take.
    var localMemoryLimit: Int
    var batchCapacity = 1
    private var tables: [GridResampling: ResamplingTable] = [:]
    private var transposedTables: [GridResampling: TapArrays] = [:]
    private var lastRows: (rows: [Int], indices: OpenCLTensor)?

    /// Creates a backend with a queue of its own.
    ///
    /// - Parameters:
    ///   - context: the device's context; many backends may share one.
    ///   - kernelStyle: the style of kernels; nil means the faster one, measured once for a device
    ///     and remembered in the user's cache folder.
    ///   - precision: what linear maps are computed in. Mixed precision is tried on the device
    ///     first; where it does not work, float32 is used and ``precisionProblem`` says why.
    ///   - buildOptions: compiler options added to the package's own, for checkers: for example
    ///     `-cl-opt-disable`.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the queue cannot be made or a kernel does not build.
    public convenience init(
        context: Context, kernelStyle: KernelStyle? = nil, precision: Precision = .float32,
        buildOptions: String = ""
    ) throws {
        let problem = precision == .mixed ? MatrixUnits.problem(on: context) : nil
        let isMixed = precision == .mixed && problem == nil
        try self.init(
            context: context, kernelStyle: kernelStyle, linearEngine: isMixed ? .matrix : nil,
            precisionProblem: problem, buildOptions: buildOptions)
    }

    /// Creates a backend with a queue of its own; see ``init(context:kernelStyle:buildOptions:)``.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - kernelStyle: the style of kernels, or nil.
    ///   - linearEngine: what computes all linear maps; nil means what `dvt tune` found fastest for
    ///     a map, or else the device's own.
    ///   - precisionProblem: why mixed precision is not used, if it was asked for and is not.
    ///   - buildOptions: compiler options added to the package's own.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the queue cannot be made or a kernel does not build.
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

    /// Creates a backend with a queue of its own whose choices are made.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - kernelStyle: the style of kernels, and why the other does not run if it does not.
    ///   - linearEngine: the engine of linear maps that were not tuned.
    ///   - tuning: the engines that were measured, and why they do not count if they do not.
    ///   - precisionProblem: why mixed precision is not used, if it was asked for and is not.
    ///   - buildOptions: compiler options added to the package's own.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the queue cannot be made.
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

    /// Memory for a tensor `[B, ...]`; its contents are undefined.
    ///
    /// It is sized for the largest batch announced, whatever B is: every batch, also one that has
    /// shrunk at an exit, then asks for the same sizes, and once the pool has served a batch of
    /// which some left at every exit it has them all.
    func makeTensor(_ shape: Shape) throws -> OpenCLTensor {
        guard shape.rank > 0 else { return try makeScratch(shape) }
        let capacity = shape.withBatch(max(shape[0], batchCapacity))
        return OpenCLTensor(shape, try pool.take(byteCount: capacity.byteCount))
    }

    /// Memory for a tensor whose first extent is not the batch, such as a weight.
    func makeScratch(_ shape: Shape) throws -> OpenCLTensor {
        OpenCLTensor(shape, try pool.take(byteCount: shape.byteCount))
    }

    /// Rows as indices on the device.
    ///
    /// The last ones are kept: an exit gathers several tensors by the same rows, and each writing
    /// would wait for the copy before it.
    func rowIndices(_ rows: [Int]) throws -> OpenCLTensor {
        if let lastRows, lastRows.rows == rows { return lastRows.indices }
        lastRows = nil
        let indices = try makeTensor([rows.count])
        try queue.write(rows.map(Int32.init), to: indices.buffer)
        lastRows = (rows, indices)
        return indices
    }

    /// The taps of a resampling on the device, made when it is first used.
    func table(_ resampling: GridResampling) throws -> ResamplingTable {
        if let table = tables[resampling] { return table }
        let table = try ResamplingTable(resampling, context: context, queue: queue)
        tables[resampling] = table
        return table
    }

    /// The fine tokens of every coarse token on the device, made when they are first used.
    func transposedTable(_ resampling: GridResampling) throws -> TapArrays {
        if let table = transposedTables[resampling] { return table }
        let table = try TapArrays(resampling.transposedTable(), context: context, queue: queue)
        transposedTables[resampling] = table
        return table
    }
}

/// How a resampling makes tokens of tokens, and rows of rows, on a device.
struct ResamplingTable {
    /// Of every fine token, `[taps, T]`.
    let tokens: TapArrays
    /// Of every row or column of the fine grid, `[taps, t]`.
    let axis: TapArrays
    /// The latter as a dense matrix, `[g, pitch]`.
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

/// Taps as two arrays on a device.
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
