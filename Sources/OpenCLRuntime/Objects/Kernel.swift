import COpenCL
import Synchronization

/// A kernel of a program.
///
/// Kernels are thread-safe: OpenCL stores the arguments in the kernel object, and a queue holds the
/// kernel's lock while it sets them and launches.
package final class Kernel: Sendable {
    /// Its name.
    package let name: String
    /// The number of its parameters.
    package let argumentCount: Int
    /// The names of its parameters, or nil if the driver does not report them.
    ///
    /// Drivers report them for programs built from source with `-cl-kernel-arg-info`; whether they
    /// do for a cached binary depends on the driver.
    package var argumentNames: [String]? { parameters?.map(\.name) }
    /// The declarations of its parameters, or nil if the driver does not report them; see
    /// ``argumentNames``.
    package let parameters: [KernelParameter]?
    /// The maximum number of work-items in a work-group on this device.
    package let maxWorkGroupSize: Int
    /// The work-group size that it was compiled for, or nil if it accepts any.
    package let requiredWorkGroupSize: [Int]?
    /// The factor that work-group sizes should be a multiple of.
    package let preferredWorkGroupSizeMultiple: Int
    /// The local memory that a work-group uses, without local arguments.
    package let localMemoryBytes: Int
    private let program: Program
    private let state: Mutex<State>

    private struct State {
        let id: Handle
        /// The values of the parameters; nil for pointers and for what was never set.
        var values: [KernelArgument?]
    }

    init(id: Handle, name: String, program: Program) throws(OpenCLError) {
        let device = program.device
        func query(_ property: Int32) -> InfoQuery { Self.groupQuery(id, device, property) }
        do throws(OpenCLError) {
            argumentCount = Int(try Self.argumentCount(id))
            maxWorkGroupSize = try query(CL_KERNEL_WORK_GROUP_SIZE).size()
            let required = try query(CL_KERNEL_COMPILE_WORK_GROUP_SIZE).array(of: Int.self)
            requiredWorkGroupSize = required.allSatisfy { $0 > 0 } ? required : nil
            preferredWorkGroupSizeMultiple =
                try query(CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE).size()
            localMemoryBytes = try query(CL_KERNEL_LOCAL_MEM_SIZE).size()
        } catch {
            clReleaseKernel(id.pointer)
            throw error
        }
        self.name = name
        let count = argumentCount
        let parameters = (0..<count).compactMap { try? KernelParameter(of: id, at: $0) }
        let isComplete = parameters.count == count && !parameters.contains { $0.name.isEmpty }
        self.parameters = isComplete ? parameters : nil
        self.program = program
        state = Mutex(State(id: id, values: Array(repeating: nil, count: count)))
    }

    deinit {
        state.withLock { _ = clReleaseKernel($0.id.pointer) }
    }

    /// Sets the arguments that differ from those of the previous launch, and launches, under the
    /// kernel's lock.
    func launch(
        _ arguments: [KernelArgument], _ enqueue: (cl_kernel) -> cl_int
    ) throws(OpenCLError) {
        guard arguments.count == argumentCount else {
            throw .argumentCount(kernel: name, expected: argumentCount, given: arguments.count)
        }
        try state.withLock { (state: inout State) throws(OpenCLError) in
            let kernel = state.id.pointer
            for (index, argument) in arguments.enumerated()
            where !argument.isSameValue(as: state.values[index]) {
                state.values[index] = nil
                try set(argument, at: index, of: kernel)
                state.values[index] = argument.isPointer ? nil : argument
            }
            try check("clEnqueueNDRangeKernel", enqueue(kernel))
        }
    }

    private func set(
        _ argument: KernelArgument, at index: Int, of kernel: cl_kernel
    ) throws(OpenCLError) {
        let status = Self.status(of: argument, at: cl_uint(index), kernel: kernel)
        guard status == CL_SUCCESS else {
            throw .argumentRefused(
                kernel: name, index: index, argument: argument.description, status: status)
        }
    }

    private static func status(
        of argument: KernelArgument, at index: cl_uint, kernel: cl_kernel
    ) -> cl_int {
        switch argument {
        case .buffer(let buffer):
            var memory: cl_mem? = buffer.handle
            return clSetKernelArg(kernel, index, MemoryLayout<cl_mem?>.size, &memory)
        case .int(var value):
            return clSetKernelArg(kernel, index, MemoryLayout<Int32>.size, &value)
        case .float(var value):
            return clSetKernelArg(kernel, index, MemoryLayout<Float>.size, &value)
        case .bytes(let bytes):
            return bytes.withUnsafeBytes {
                clSetKernelArg(kernel, index, $0.count, $0.baseAddress)
            }
        case .local(let byteCount):
            return clSetKernelArg(kernel, index, byteCount, nil)
        case .none:
            var memory: cl_mem?
            return clSetKernelArg(kernel, index, MemoryLayout<cl_mem?>.size, &memory)
        }
    }

    private static func argumentCount(_ id: Handle) throws(OpenCLError) -> UInt32 {
        let query = InfoQuery(function: "clGetKernelInfo") { size, value, needed in
            clGetKernelInfo(
                id.pointer, cl_kernel_info(CL_KERNEL_NUM_ARGS), size, value, needed)
        }
        return try query.number()
    }

    private static func groupQuery(_ id: Handle, _ device: Device, _ property: Int32) -> InfoQuery {
        InfoQuery(function: "clGetKernelWorkGroupInfo") { size, value, needed in
            clGetKernelWorkGroupInfo(
                id.pointer, device.handle, cl_kernel_work_group_info(property), size, value, needed)
        }
    }
}
