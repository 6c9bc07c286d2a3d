import COpenCL

/// A parameter that a kernel declares.
package struct KernelParameter: Equatable, Sendable {
    /// Where a pointer points, or that the parameter is a value.
    package enum Space: String, Sendable {
        case global, constant, local
        /// A value.
        case value
    }

    /// Its name.
    package let name: String
    /// Its type as the driver writes it, for example `float*`.
    package let type: String
    /// Where it points.
    package let space: Space

    /// Reads the declaration of a parameter.
    ///
    /// - Parameters:
    ///   - kernel: the kernel.
    ///   - index: the parameter, from 0.
    /// - Throws: ``OpenCLError/callFailed(function:status:)`` if the driver does not report it.
    init(of kernel: Handle, at index: Int) throws(OpenCLError) {
        func query(_ property: Int32) -> InfoQuery {
            InfoQuery(function: "clGetKernelArgInfo") { size, value, needed in
                clGetKernelArgInfo(
                    kernel.pointer, cl_uint(index), cl_kernel_arg_info(property), size, value,
                    needed)
            }
        }
        name = try query(CL_KERNEL_ARG_NAME).string()
        type = try query(CL_KERNEL_ARG_TYPE_NAME).string()
        let qualifier = try query(CL_KERNEL_ARG_ADDRESS_QUALIFIER).number(as: UInt32.self)
        space =
            switch Int32(bitPattern: qualifier) {
            case CL_KERNEL_ARG_ADDRESS_GLOBAL: .global
            case CL_KERNEL_ARG_ADDRESS_CONSTANT: .constant
            case CL_KERNEL_ARG_ADDRESS_LOCAL: .local
            default: .value
            }
    }
}

extension KernelParameter: CustomStringConvertible {
    /// The declaration, for example `global float* x`.
    package var description: String {
        space == .value ? "\(type) \(name)" : "\(space.rawValue) \(type) \(name)"
    }
}
