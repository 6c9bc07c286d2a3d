import COpenCL

/// A pointer to an OpenCL object, shared between threads.
///
/// Unchecked because pointers are not Sendable. By the OpenCL standard every call is thread-safe
/// except setting a kernel's arguments, which ``Kernel`` does under a lock.
struct Handle: @unchecked Sendable, Hashable {
    let pointer: OpaquePointer
}

/// Throws an error unless a status is success.
///
/// - Parameters:
///   - function: the OpenCL function that returned the status.
///   - status: the status.
/// - Throws: ``OpenCLError/callFailed(function:status:)``.
func check(_ function: String, _ status: cl_int) throws(OpenCLError) {
    guard status == CL_SUCCESS else {
        throw .callFailed(function: function, status: status)
    }
}

/// Creates an OpenCL object with a function that reports its status through a pointer.
///
/// - Parameters:
///   - function: the function's name.
///   - body: calls the function with the pointer to the status.
/// - Returns: the object.
/// - Throws: ``OpenCLError/callFailed(function:status:)``.
func create(
    _ function: String, _ body: (UnsafeMutablePointer<cl_int>) -> OpaquePointer?
) throws(OpenCLError) -> Handle {
    var status = cl_int(CL_SUCCESS)
    let pointer = body(&status)
    try check(function, status)
    guard let pointer else {
        throw .callFailed(function: function, status: CL_OUT_OF_HOST_MEMORY)
    }
    return Handle(pointer: pointer)
}
