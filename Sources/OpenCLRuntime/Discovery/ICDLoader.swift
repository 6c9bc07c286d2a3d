import COpenCL

/// The ICD loader: the library that loads OpenCL drivers and forwards calls to them.
package struct ICDLoader: Equatable, Sendable {
    /// The name and vendor.
    package let name: String
    /// The version.
    package let version: String

    /// The loader of this process, or nil if it does not identify itself.
    package static let current: ICDLoader? = {
        // Not declared in OpenCL's headers. The property numbers below are ocl-icd's
        // CL_ICDL_VERSION (2), CL_ICDL_NAME (3) and CL_ICDL_VENDOR (4).
        typealias GetInfo =
            @convention(c) (
                cl_uint, Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?
            ) -> cl_int
        guard let address = clGetExtensionFunctionAddress("clGetICDLoaderInfoOCLICD") else {
            return nil
        }
        let getInfo = unsafeBitCast(address, to: GetInfo.self)
        func text(_ property: cl_uint) -> String? {
            let query = InfoQuery(function: "clGetICDLoaderInfoOCLICD") { size, value, needed in
                getInfo(property, size, value, needed)
            }
            return try? query.string()
        }
        guard let version = text(2), let name = text(3), let vendor = text(4) else {
            return nil
        }
        return ICDLoader(name: "\(name) (\(vendor))", version: version)
    }()
}
