import COpenCL

/// An OpenCL driver: one vendor's, with its devices.
public struct Platform: Sendable {
    /// Its name, such as `Portable Computing Language`.
    public let name: String
    /// Who made it.
    public let vendor: String
    /// The OpenCL version and the driver's own, as the driver writes them.
    public let version: String
    /// The extensions that all of its devices share.
    public let extensions: Set<String>
    private let id: Handle

    /// OpenCL's object.
    package var handle: cl_platform_id { id.pointer }

    init(id: Handle) throws(OpenCLError) {
        self.id = id
        name = try Self.query(id, CL_PLATFORM_NAME).string()
        vendor = try Self.query(id, CL_PLATFORM_VENDOR).string()
        version = try Self.query(id, CL_PLATFORM_VERSION).string()
        let text = try Self.query(id, CL_PLATFORM_EXTENSIONS).string()
        extensions = Set(text.split(separator: " ").map(String.init))
    }

    /// The platforms of this machine, in the order of the OpenCL loader.
    ///
    /// They are looked for once a process, at the first call.
    ///
    /// - Returns: the platforms, those without devices among them.
    /// - Throws: ``OpenCLError/noPlatform`` if there is none.
    public static func all() throws(OpenCLError) -> [Platform] {
        try Discovery.shared.get().map(\.platform)
    }

    /// The platform's devices; a platform may have none.
    public var devices: [Device] {
        Discovery.shared.platforms.first { $0.platform == self }?.devices ?? []
    }

    private static func query(_ id: Handle, _ property: Int32) -> InfoQuery {
        InfoQuery(function: "clGetPlatformInfo") { size, value, needed in
            clGetPlatformInfo(id.pointer, cl_platform_info(property), size, value, needed)
        }
    }
}

extension Platform: Hashable {
    /// Whether both are the same OpenCL object.
    ///
    /// - Parameters:
    ///   - left: a platform.
    ///   - right: another.
    /// - Returns: true if they are one.
    public static func == (left: Platform, right: Platform) -> Bool {
        left.id == right.id
    }

    /// Hashes the platform's identity.
    ///
    /// - Parameter hasher: takes it.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
    }
}
