import DVTCore
import DVTSupport
public import OpenCLRuntime

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
    /// The precision of tensors in memory.
    public let precision: Precision
    /// Why products of 16-bit numbers are computed in float32, or nil.
    public let precisionProblem: String?
    /// The matrix instructions that failed a trial on the device and were replaced, or nil.
    public let instructionProblem: String?
    /// The matrix instructions of `mma.cl`, emulated if the device has none.
    let matrixInstructions: MatrixInstructions
    /// Whether linear layers after a LayerNorm, attention and relation reuse use ``matrixInstructions``.
    let usesMatrixInstructions: Bool
    /// How products of bfloat16 are computed by vector kernels, or nil in float32.
    let bfloat16Dot: BFloat16Dot?
    /// The register tile of vector kernels.
    let packedTile: PackedTile
    /// The engine of linear layers that were not tuned.
    let defaultLinearEngine: LinearEngine
    /// Whether a user chose ``defaultLinearEngine``, with its tile.
    private(set) var isDefaultEngineFixed = true
    /// The tiles predicted for layers that were not tuned.
    var predictedTiles: [MatrixWork: MatrixTile] = [:]
    /// The engine of all linear layers, which takes precedence over ``linearTuning``; set by tuning
    /// and tests.
    package var chosenLinearEngine: LinearEngine?
    /// The engines that were measured on this device.
    package var linearTuning: LinearTuning
    /// Why the stored tuning is ignored, or nil.
    public let tuningProblem: String?
    /// The size of the largest tensor of each precision, in bytes.
    package private(set) var largestTensors: [Precision: Int] = [:]
    private let pool: BufferPool
    /// Whether new tensors hold NaN, so that a kernel that reads what nobody wrote gives NaN.
    private let marksUndefinedMemory: Bool
    /// The local memory that vector kernels may use, in bytes.
    var localMemoryLimit: Int
    var batchCapacity = 1
    /// The kernels enqueued so far.
    var launches = 0
    private var tables: [GridResampling: ResamplingTable] = [:]
    private var transposedTables: [GridResampling: TapArrays] = [:]
    /// The taps of resized images, by the sides before and after.
    private var imageTaps: [[Int]: TapArrays] = [:]
    private var packedTables: [GridResampling: PackedResampling] = [:]
    private var lastRows: (rows: [Int], indices: OpenCLTensor)?

    /// Creates a backend with its own queue.
    ///
    /// - Parameters:
    ///   - context: the device's context; several backends may share it.
    ///   - kernelStyle: the style of the kernels; nil selects the faster one, which is measured
    ///     once per device and stored in the user's cache folder.
    ///   - precision: the precision of tensors in memory. Instructions for products of 16-bit
    ///     numbers are tested on the device first; if there are none, products are computed in
    ///     float32 and ``precisionProblem`` gives the reason.
    ///   - buildOptions: compiler options added to the package's own, for example
    ///     `-cl-opt-disable` for checkers.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the queue cannot be created or a kernel does not
    ///   build.
    public convenience init(
        context: Context, kernelStyle: KernelStyle? = nil, precision: Precision = .float32,
        buildOptions: String = ""
    ) throws {
        try self.init(
            context: context, kernelStyle: kernelStyle, linearEngine: nil, precision: precision,
            buildOptions: buildOptions)
    }

    /// Creates a backend with its own queue.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - kernelStyle: the style of the kernels; nil selects the faster one.
    ///   - linearEngine: the engine of all linear layers; nil selects the engine that `dvt tune`
    ///     found fastest, or the device's default.
    ///   - precision: the precision of tensors in memory.
    ///   - buildOptions: compiler options added to the package's own.
    ///   - beforeStep: called before each measurement of a choice that is not stored yet; its error
    ///     ends the creation.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the queue cannot be created or a kernel does not
    ///   build, ``OpenCLBackendError/enginePrecision(engine:precision:)``.
    package convenience init(
        context: Context, kernelStyle: KernelStyle?, linearEngine: LinearEngine?,
        precision: Precision, buildOptions: String, beforeStep: () throws -> Void = {}
    ) throws {
        let choice =
            try kernelStyle.map { ($0, nil) }
            ?? KernelStyle.fastest(on: context, beforeStep: beforeStep)
        let arithmetic = Arithmetic(precision, choice.0, on: context)
        try self.init(
            context: context, kernelStyle: choice,
            linearEngine: linearEngine
                ?? LinearEngine.standard(
                    choice.0, precision, arithmetic, on: context, beforeStep: beforeStep),
            tuning: linearEngine == nil
                ? LinearTuning.stored(for: context, precision) : (LinearTuning(), nil),
            precision: precision, arithmetic: arithmetic, buildOptions: buildOptions)
        isDefaultEngineFixed = linearEngine != nil
    }

    /// Creates a backend with its own queue, style and engine.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - kernelStyle: the style of the kernels, and why the other does not run, or nil.
    ///   - linearEngine: the engine of linear layers that were not tuned.
    ///   - tuning: the engines that were measured, and why they are ignored, or nil.
    ///   - precision: the precision of tensors in memory.
    ///   - arithmetic: how 16-bit products are computed.
    ///   - buildOptions: compiler options added to the package's own.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the queue cannot be created,
    ///   ``OpenCLBackendError/enginePrecision(engine:precision:)``.
    package init(
        context: Context, kernelStyle: (style: KernelStyle, problem: String?),
        linearEngine: LinearEngine,
        tuning: (tuning: LinearTuning, problem: String?) = (LinearTuning(), nil),
        precision: Precision = .float32, arithmetic: Arithmetic = Arithmetic(),
        buildOptions: String = ""
    ) throws {
        try linearEngine.check(precision)
        let device = context.device
        deviceName = device.nameAndDriver
        self.context = context
        queue = try context.makeQueue()
        (self.kernelStyle, kernelStyleProblem) = kernelStyle
        defaultLinearEngine = linearEngine
        self.precision = precision
        precisionProblem = arithmetic.problem
        instructionProblem = arithmetic.instructionProblem
        matrixInstructions = arithmetic.instructions ?? .emulated
        usesMatrixInstructions =
            arithmetic.instructions != nil && precision != .float32
            && kernelStyle.style == .tile
        bfloat16Dot = arithmetic.bfloat16Dot
        (linearTuning, tuningProblem) = tuning
        kernels = KernelLibrary(context: context, buildOptions: buildOptions)
        pool = BufferPool(context: context)
        marksUndefinedMemory = EnvironmentVariables.process["DVT_UNDEFINED_MEMORY"] == "nan"
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

    /// Implements ``/DVTCore/Backend/upload(_:)``: vectors, such as biases, stay float32.
    public func upload(_ tensor: Tensor) throws -> OpenCLTensor {
        try write(tensor, to: makeScratch(tensor.shape, parameterPrecision(tensor.shape)))
    }

    /// The precision of a parameter: vectors, such as biases, are float32.
    func parameterPrecision(_ shape: Shape) -> Precision {
        shape.rank <= 1 ? .float32 : precision
    }

    /// Implements ``/DVTCore/Backend/uploadBatch(_:)``.
    public func uploadBatch(_ batch: Tensor) throws -> OpenCLTensor {
        try write(batch, to: makeTensor(batch.shape))
    }

    func write(_ tensor: Tensor, to copy: OpenCLTensor) throws -> OpenCLTensor {
        if let format = copy.precision.halfFormat {
            try queue.write(format.encode(tensor.values), to: copy.buffer)
        } else {
            try queue.write(tensor.values, to: copy.buffer)
        }
        return copy
    }

    /// Implements ``/DVTCore/Backend/download(_:)``.
    public func download(_ tensor: OpenCLTensor) throws -> Tensor {
        let count = tensor.paddedElementCount(of: tensor.shape)
        guard let format = tensor.precision.halfFormat else {
            let values = try queue.read(Float.self, count: count, from: tensor.buffer)
            return Tensor(tensor.shape, values: values)
        }
        let patterns = try queue.read(UInt16.self, count: count, from: tensor.buffer)
        let values = patterns.withUnsafeBytes(format.decode)
        guard count > tensor.shape.elementCount else { return Tensor(tensor.shape, values: values) }
        let rows = stride(from: 0, to: count, by: tensor.rowPitch)
        return Tensor(
            tensor.shape, values: rows.flatMap { values[$0..<$0 + tensor.shape[-1]] })
    }

    /// Memory for a tensor `[B, ...]` with undefined contents.
    ///
    /// The memory fits the reserved batch even if B is smaller. Batches that shrink at exits thus
    /// request the same sizes, and the pool creates no more buffers after a batch in which images
    /// exited at every exit.
    ///
    /// - Parameters:
    ///   - shape: the extents.
    ///   - precision: the precision of the elements; nil means the backend's.
    ///   - rowPitch: the elements from one row to the next, if rows are padded.
    /// - Returns: the tensor.
    /// - Throws: the device's error if there is no memory.
    func makeTensor(
        _ shape: Shape, _ precision: Precision? = nil, rowPitch: Int? = nil
    ) throws -> OpenCLTensor {
        guard shape.rank > 0 else { return try makeScratch(shape, precision) }
        return try makeTensor(
            shape, capacity: shape.withBatch(max(shape[0], batchCapacity)), precision,
            rowPitch: rowPitch)
    }

    /// Memory for several tensors `[B, ...]`, one after the other in one buffer; see
    /// ``makeTensor(_:_:rowPitch:)``.
    ///
    /// - Parameters:
    ///   - count: how many, at least 1.
    ///   - shape: the extents of each.
    /// - Returns: all of the memory, in which one tensor begins `stride` elements after the other,
    ///   and the tensors.
    /// - Throws: the device's error if there is no memory.
    func makeTensors(
        _ count: Int, _ shape: Shape
    ) throws -> (whole: OpenCLTensor, stride: Int, tensors: [OpenCLTensor]) {
        let capacity = shape.withBatch(max(shape[0], batchCapacity)).elementCount
        let bytes = (capacity * precision.elementByteCount)
            .roundedUp(toMultipleOf: max(context.device.memoryBaseAlignmentBytes, 4))
        let stride = bytes / precision.elementByteCount
        let whole = try makeScratch([count * stride])
        let tensors = try (0..<count).map { index in
            OpenCLTensor(shape, precision, try whole.part(offset: index * bytes, byteCount: bytes))
        }
        return (whole, stride, tensors)
    }

    /// Memory for a tensor whose first extent is not the batch, with undefined contents; see
    /// ``makeTensor(_:_:rowPitch:)``.
    func makeScratch(_ shape: Shape, _ precision: Precision? = nil) throws -> OpenCLTensor {
        try makeTensor(shape, capacity: shape, precision, rowPitch: nil)
    }

    private func makeTensor(
        _ shape: Shape, capacity: Shape, _ precision: Precision?, rowPitch: Int?
    ) throws -> OpenCLTensor {
        let precision = precision ?? self.precision
        let padded = rowPitch.map { capacity.rowCount * $0 } ?? capacity.elementCount
        let byteCount = padded * precision.elementByteCount
        largestTensors[precision] = max(largestTensors[precision] ?? 0, byteCount)
        let memory = try pool.take(byteCount: byteCount)
        if marksUndefinedMemory { try queue.fill(memory.buffer, pattern: Self.undefined) }
        return OpenCLTensor(shape, precision, rowPitch: rowPitch, memory)
    }

    /// NaN in each of the formats, alone or in pairs.
    private static let undefined = Float(bitPattern: 0xFFFF_FFFF)

    /// The indices of rows on the device.
    ///
    /// The last indices are cached: an exit gathers several tensors by the same rows, and each
    /// write would wait for the previous copy.
    func rowIndices(_ rows: [Int]) throws -> OpenCLTensor {
        if let lastRows, lastRows.rows == rows { return lastRows.indices }
        lastRows = nil
        let indices = try makeTensor([rows.count], .float32)  // 32 bits as well
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

    /// The taps of resized images on the device, created on first use.
    func taps(of sizes: ResizedImagesSizes) throws -> TapArrays {
        let sides = [sizes.source, sizes.target]
        if let taps = imageTaps[sides] { return taps }
        let taps = try TapArrays(
            GridResampling.table(of: sizes.taps), context: context, queue: queue)
        imageTaps[sides] = taps
        return taps
    }

    /// The fragments of a resampling on the device, created on first use.
    func packedTable(_ resampling: GridResampling) throws -> PackedResampling {
        if let table = packedTables[resampling] { return table }
        let table = try PackedResampling(resampling, on: self)
        packedTables[resampling] = table
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
