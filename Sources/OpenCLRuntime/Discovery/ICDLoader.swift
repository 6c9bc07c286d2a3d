import COpenCL

/// The library that finds OpenCL drivers and passes calls on to them.
package struct ICDLoader: Equatable, Sendable {
    /// Its maker and name.
    package let name: String
    /// Its version.
    package let version: String

    /// The loader of this process, or nil if it does not say what it is.
    package static let current: ICDLoader? = {
        // The extension's function has no declaration in OpenCL's headers. The numbers are
        // CL_ICDL_VERSION, CL_ICDL_NAME and CL_ICDL_VENDOR of ocl-icd's.
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
