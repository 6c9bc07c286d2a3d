import COpenCL

/// A program built for a context's device.
package final class Program: Sendable {
    /// The origin of a program's binary.
    package enum Origin: Sendable {
        /// Compiled from source.
        case source
        /// Loaded from the disk cache.
        case diskCache
    }

    /// The device it was built for.
    ///
    /// There is no reference to the ``Context``, which retains its programs.
    package let device: Device
    /// The name used in messages.
    package let name: String
    /// The build options.
    package let options: String
    /// The origin of its binary.
    package let origin: Origin
    /// The device compiler's output, such as warnings.
    package let buildLog: String
    private let id: Handle

    /// Takes ownership of a program object and builds it; releases it if that fails.
    init(
        id: Handle, device: Device, name: String, options: String, origin: Origin
    ) throws(OpenCLError) {
        do throws(OpenCLError) {
            buildLog = try Self.build(id, device, name: name, options: options)
        } catch {
            clReleaseProgram(id.pointer)
            throw error
        }
        self.id = id
        self.device = device
        self.name = name
        self.options = options
        self.origin = origin
    }

    deinit {
        clReleaseProgram(id.pointer)
    }

    /// Creates a kernel of the program.
    ///
    /// - Parameter name: the kernel's name in the source.
    /// - Returns: a new kernel, which shares no arguments with others of the same name.
    /// - Throws: ``OpenCLError/kernelNotFound(kernel:program:available:)`` or
    ///   ``OpenCLError/callFailed(function:status:)``.
    package func kernel(_ name: String) throws(OpenCLError) -> Kernel {
        let function = "clCreateKernel"
        let kernel: Handle
        do throws(OpenCLError) {
            kernel = try create(function) { clCreateKernel(id.pointer, name, $0) }
        } catch {
            guard error == .callFailed(function: function, status: CL_INVALID_KERNEL_NAME) else {
                throw error
            }
            throw .kernelNotFound(kernel: name, program: self.name, available: kernelNames)
        }
        return try Kernel(id: kernel, name: name, program: self)
    }

    /// The names of the program's kernels, sorted.
    package var kernelNames: [String] {
        let text = try? query(CL_PROGRAM_KERNEL_NAMES).string()
        return (text ?? "").split(separator: ";").map { trimmed($0) }.sorted()
    }

    /// The binary in the driver's format; empty if the driver has none.
    func binary() throws(OpenCLError) -> [UInt8] {
        let sizes = try query(CL_PROGRAM_BINARY_SIZES).array(of: Int.self)
        guard sizes.count == 1, let size = sizes.first, size > 0 else {
            return []
        }
        var status = cl_int(CL_SUCCESS)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { room, initializedCount in
            var address = room.baseAddress
            let property = cl_program_info(CL_PROGRAM_BINARIES)
            status = clGetProgramInfo(
                id.pointer, property, MemoryLayout.size(ofValue: address), &address, nil)
            initializedCount = status == CL_SUCCESS ? size : 0
        }
        try check("clGetProgramInfo", status)
        return bytes
    }

    private func query(_ property: Int32) -> InfoQuery {
        InfoQuery(function: "clGetProgramInfo") { [id] size, value, needed in
            clGetProgramInfo(id.pointer, cl_program_info(property), size, value, needed)
        }
    }

    /// Builds the program and returns the log.
    private static func build(
        _ id: Handle, _ device: Device, name: String, options: String
    ) throws(OpenCLError) -> String {
        var target: cl_device_id? = device.handle
        let status = clBuildProgram(id.pointer, 1, &target, options, nil, nil)
        let query = InfoQuery(function: "clGetProgramBuildInfo") { size, value, needed in
            clGetProgramBuildInfo(
                id.pointer, device.handle, cl_program_build_info(CL_PROGRAM_BUILD_LOG), size, value,
                needed)
        }
        let log = (try? query.string()) ?? ""
        switch status {
        case CL_BUILD_PROGRAM_FAILURE, CL_COMPILE_PROGRAM_FAILURE, CL_LINK_PROGRAM_FAILURE,
            CL_INVALID_BUILD_OPTIONS, CL_INVALID_COMPILER_OPTIONS:
            throw .buildFailed(program: name, options: options, log: log)
        default:
            try check("clBuildProgram", status)
        }
        return log
    }
}
