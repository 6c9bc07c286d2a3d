import COpenCL

/// The address of an OpenCL object, which may cross threads.
///
/// Unchecked because the compiler knows no pointer to be Sendable. OpenCL objects are: the standard
/// makes every call thread-safe but setting the arguments of one kernel, and ``Kernel`` does that
/// under a lock.
struct Handle: @unchecked Sendable, Hashable {
    let pointer: OpaquePointer
}

/// Turns a status other than success into an error.
///
/// - Parameters:
///   - function: the OpenCL function that returned it.
///   - status: what it returned.
/// - Throws: ``OpenCLError/callFailed(function:status:)``.
func check(_ function: String, _ status: cl_int) throws(OpenCLError) {
    guard status == CL_SUCCESS else {
        throw .callFailed(function: function, status: status)
    }
}

/// Makes an OpenCL object by a function that reports its status through a pointer.
///
/// - Parameters:
///   - function: the function's name.
///   - body: calls it with the pointer to the status.
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
