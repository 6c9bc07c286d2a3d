import KernelSources
import OpenCLRuntime

/// The kernels of the package, built for one device when they are first asked for.
final class KernelLibrary {
    private let context: Context
    private let buildOptions: String
    private var kernels: [String: Kernel] = [:]

    init(context: Context, buildOptions: String) {
        self.context = context
        self.buildOptions = buildOptions
    }

    /// A kernel of one of the source files.
    ///
    /// - Parameters:
    ///   - name: the kernel's name.
    ///   - file: the source file's name without `.cl`.
    ///   - defines: the macros that specialize it, for example `WG=1`.
    /// - Returns: the kernel.
    /// - Throws: ``OpenCLError`` with the whole build log if it does not build.
    func kernel(_ name: String, in file: String, defines: [String] = []) throws -> Kernel {
        let key = ([name] + defines).joined(separator: " ")
        if let kernel = kernels[key] { return kernel }
        let options = ["-cl-std=CL1.2"] + defines.map { "-D\($0)" } + [buildOptions]
        let program = try context.program(
            name: "\(file).cl", source: Self.source(file),
            options: options.joined(separator: " "))
        let kernel = try program.kernel(name)
        kernels[key] = kernel
        return kernel
    }

    /// A source file with what all files share before it.
    static func source(_ file: String) -> String {
        text("common.cl") + "#line 1 \"\(file).cl\"\n" + text("\(file).cl")
    }

    private static func text(_ name: String) -> String {
        for index in 0..<kernel_source_count {
            if let source = kernel_source_at(index), String(cString: source.pointee.name) == name {
                return String(cString: source.pointee.text)
            }
        }
        preconditionFailure("no kernel source is called \(name)")
    }
}

extension OpenCLBackend {
    /// Enqueues a kernel that has a work-item for every element.
    ///
    /// - Parameters:
    ///   - name: the kernel's name.
    ///   - file: its source file without `.cl`.
    ///   - defines: the macros that specialize it.
    ///   - arguments: its arguments.
    ///   - extents: the elements along each dimension; the kernel ignores items beyond the first
    ///     and strides along the others.
    /// - Throws: ``OpenCLError`` if the kernel does not build or the device fails.
    func enqueueElements(
        _ name: String, in file: String, defines: [String] = [], _ arguments: [KernelArgument],
        over extents: [Int]
    ) throws {
        let kernel = try kernels.kernel(name, in: file, defines: defines)
        // NVIDIA's devices take at most 65,535 groups along the second and third dimension; the
        // kernels stride over what is beyond.
        let global = extents.prefix(1) + extents.dropFirst().map { min($0, 65_535) }
        let local = [64] + extents.dropFirst().map { _ in 1 }
        try queue.enqueue(kernel, arguments: arguments, global: Array(global), local: local)
    }

    /// Enqueues a kernel that has one work-group of fixed size for every row.
    ///
    /// - Parameters:
    ///   - name: the kernel's name.
    ///   - file: its source file without `.cl`.
    ///   - items: the work-items of a group, the macro `WG`.
    ///   - defines: other macros that specialize it.
    ///   - arguments: its arguments.
    ///   - rows: the rows.
    /// - Throws: ``OpenCLError`` if the kernel does not build or the device fails.
    func enqueueRows(
        _ name: String, in file: String, items: Int, defines: [String] = [],
        _ arguments: [KernelArgument], rows: Int
    ) throws {
        let kernel = try kernels.kernel(name, in: file, defines: ["WG=\(items)"] + defines)
        try queue.enqueue(kernel, arguments: arguments, global: [rows * items], local: [items])
    }
}

extension KernelArgument {
    /// A size or index.
    static func int(_ value: Int) throws -> Self {
        guard let value = Int32(exactly: value) else {
            throw OpenCLBackendError.tooManyElements(value)
        }
        return .int(value)
    }

    /// A tensor's memory.
    static func tensor(_ tensor: OpenCLTensor) -> Self { .buffer(tensor.buffer) }

    /// A tensor's memory, or a null pointer.
    static func tensor(_ tensor: OpenCLTensor?) -> Self {
        tensor.map { .buffer($0.buffer) } ?? .none
    }
}
