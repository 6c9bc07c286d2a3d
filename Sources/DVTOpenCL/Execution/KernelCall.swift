import OpenCLRuntime

/// One launch of a kernel.
struct KernelCall {
    /// The kernel.
    let function: KernelFunction
    /// Its arguments, in the order of its parameters.
    let arguments: KernelArguments
    /// The work-items.
    let grid: KernelGrid
    /// The macros for the precision of the tensors, or nil if they disagree.
    let precisionMacros: [String]?

    /// Creates a call; the kernel is built for the precision of the tensors among the arguments.
    ///
    /// - Parameters:
    ///   - name: the kernel's name.
    ///   - file: its source file without `.cl`.
    ///   - macros: the macros that specialize it; those of the grid and of arguments precede them.
    ///   - instructions: the matrix instructions that it uses, or nil.
    ///   - maxRegisters: the registers per work-item on NVIDIA's GPUs, or nil for any number.
    ///   - arguments: its arguments by name, in the order of its parameters.
    ///   - grid: the work-items.
    init(
        _ name: String, in file: String, macros: [String] = [],
        instructions: MatrixInstructions? = nil, maxRegisters: Int? = nil,
        _ arguments: KernelArguments, over grid: KernelGrid
    ) {
        precisionMacros = arguments.precisionMacros
        function = KernelFunction(
            name: name, file: file,
            macros: grid.macros + (precisionMacros ?? []) + arguments.macros + macros,
            instructions: instructions, maxRegisters: maxRegisters)
        self.arguments = arguments
        self.grid = grid
    }
}

/// A kernel of a source file, specialized by macros.
struct KernelFunction: Hashable {
    /// The kernel's name, unique within its file.
    let name: String
    /// The source file without `.cl`.
    let file: String
    /// The macros of the build, for example `WG=1`.
    let macros: [String]
    /// The matrix instructions that it uses, or nil.
    var instructions: MatrixInstructions?
    /// The registers per work-item on NVIDIA's GPUs, or nil for any number.
    var maxRegisters: Int?

    /// The compiler options of the kernel.
    ///
    /// - Parameter device: the device.
    /// - Returns: the macros, those of matrix instructions included, and on NVIDIA's GPUs the limit of
    ///   registers, which kernels know as `MAX_REGISTERS`.
    func options(for device: Device) -> [String] {
        let isNVIDIA = device.extensions.contains("cl_nv_compiler_options")
        let limit = isNVIDIA ? maxRegisters : nil
        return (macros + (instructions?.macros ?? [])).map { "-D\($0)" }
            + (instructions?.compilerOptions ?? [])
            + (limit.map { ["-DMAX_REGISTERS=\($0)", "-cl-nv-maxrregcount=\($0)"] } ?? [])
    }
}

extension OpenCLBackend {
    /// Enqueues a kernel, and flushes the queue now and then: drivers that collect commands until
    /// the host waits begin the first ones while the others are enqueued.
    ///
    /// - Parameter call: the kernel, its arguments and its work-items.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the kernel does not build or the device fails,
    ///   ``OpenCLBackendError/kernelArguments(kernel:declared:given:)`` if the arguments are not
    ///   the kernel's.
    func enqueue(_ call: KernelCall) throws {
        try kernels.enqueue(call, on: queue)
        launches += 1
        if launches.isMultiple(of: 8) { try queue.flush() }
    }
}
