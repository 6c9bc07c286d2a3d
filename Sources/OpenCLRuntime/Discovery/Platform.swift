import COpenCL

/// An OpenCL platform: a vendor's driver with its devices.
package struct Platform: Sendable {
    /// The platform's name, such as `Portable Computing Language`.
    package let name: String
    /// The vendor's name.
    package let vendor: String
    /// The OpenCL version and the driver's version, as the driver reports them.
    package let version: String
    /// The extensions that all devices of the platform support.
    package let extensions: Set<String>
    private let id: Handle

    /// The underlying OpenCL object.
    package var handle: cl_platform_id { id.pointer }

    init(id: Handle) throws(OpenCLError) {
        self.id = id
        name = try Self.query(id, CL_PLATFORM_NAME).string()
        vendor = try Self.query(id, CL_PLATFORM_VENDOR).string()
        version = try Self.query(id, CL_PLATFORM_VERSION).string()
        let text = try Self.query(id, CL_PLATFORM_EXTENSIONS).string()
        extensions = Set(text.split(separator: " ").map(String.init))
    }

    /// The platforms of this machine, in the loader's order, including those without devices.
    ///
    /// They are discovered once per process, at the first call.
    ///
    /// - Returns: the platforms.
    /// - Throws: ``OpenCLError/noPlatform`` if there is none.
    package static func all() throws(OpenCLError) -> [Platform] {
        try Discovery.shared.get().map(\.platform)
    }

    /// The platform's devices; may be empty.
    package var devices: [Device] {
        Discovery.shared.platforms.first { $0.platform == self }?.devices ?? []
    }

    private static func query(_ id: Handle, _ property: Int32) -> InfoQuery {
        InfoQuery(function: "clGetPlatformInfo") { size, value, needed in
            clGetPlatformInfo(id.pointer, cl_platform_info(property), size, value, needed)
        }
    }
}

extension Platform: Hashable {
    /// Compares platforms by identity.
    ///
    /// - Parameters:
    ///   - left: a platform.
    ///   - right: another platform.
    /// - Returns: whether both are the same OpenCL object.
    package static func == (left: Platform, right: Platform) -> Bool {
        left.id == right.id
    }

    /// Hashes the platform's identity.
    ///
    /// - Parameter hasher: receives the identity.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(id)
    }
}
