/// How a machine registers its OpenCL drivers: small `.icd` files that each name a library.
package struct VendorDrivers: Sendable {
    /// A registration.
    package struct Registration: Equatable, Sendable {
        /// The `.icd` file, or the library where a variable names it directly.
        package let path: String
        /// The library it names; empty when the file is.
        package let library: String
    }

    /// Libraries of GPU makers that may lie on a machine without a registration, as they do in
    /// many containers.
    static let knownLibraries = ["libnvidia-opencl.so.1", "libamdocl64.so", "libigdrcl.so"]

    private let files: FileTree
    private let environment: EnvironmentVariables

    /// Looks at a machine.
    package init(files: FileTree = FileTree(), environment: EnvironmentVariables = .process) {
        self.files = files
        self.environment = environment
    }

    /// Where the loader looks for registrations: `OCL_ICD_VENDORS`, else `OPENCL_VENDOR_PATH`, else
    /// the system's folder.
    package var source: String {
        environment["OCL_ICD_VENDORS"] ?? environment["OPENCL_VENDOR_PATH"] ?? "/etc/OpenCL/vendors"
    }

    /// The registrations, by name.
    package var registrations: [Registration] {
        if source.hasSuffix(".icd") {
            return [registration(source)]
        }
        let folder = source.hasSuffix("/") ? String(source.dropLast()) : source
        let names = files.names(in: folder).filter { $0.hasSuffix(".icd") }
        if names.isEmpty && source.contains(".so") {
            return [Registration(path: source, library: source)]
        }
        return names.map { registration("\(folder)/\($0)") }
    }

    private func registration(_ path: String) -> Registration {
        Registration(path: path, library: files.lines(path).first ?? "")
    }

    /// Whether a registered library is where it says, or in one of the loader's folders.
    package func isPresent(_ library: String) -> Bool {
        !library.isEmpty && find(library) != nil
    }

    /// The libraries of GPU makers on this machine, registered or not, with their folders.
    package var presentLibraries: [String] {
        Self.knownLibraries.compactMap(find)
    }

    /// The library to load in place of the registrations when none of them can work.
    ///
    /// nil when the user has set `OCL_ICD_VENDORS`, when a registered library is there, and when
    /// there is no maker's library either.
    package var replacement: String? {
        guard environment["OCL_ICD_VENDORS"] == nil,
            !registrations.contains(where: { isPresent($0.library) })
        else {
            return nil
        }
        return presentLibraries.first
    }

    private func find(_ library: String) -> String? {
        if library.contains("/") {
            return files.exists(library) ? library : nil
        }
        return folders.lazy.map { "\($0)/\(library)" }.first { files.exists($0) }
    }

    /// The folders that hold libraries: the user's, the dynamic loader's, and those that drivers
    /// and containers use besides.
    private var folders: [String] {
        let user = (environment["LD_LIBRARY_PATH"] ?? "").split(separator: ":").map(String.init)
        let configured = files.names(in: "/etc/ld.so.conf.d")
            .flatMap { files.lines("/etc/ld.so.conf.d/\($0)") }
            .filter { $0.hasPrefix("/") }
        return user + configured + Self.usualFolders
    }

    private static let usualFolders = [
        "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu", "/lib/aarch64-linux-gnu",
        "/usr/lib64", "/lib64", "/usr/local/lib", "/usr/lib",
        "/usr/local/nvidia/lib64", "/usr/lib/wsl/lib",
        "/opt/rocm/lib", "/opt/rocm/opencl/lib", "/opt/amdgpu-pro/lib/x86_64-linux-gnu",
        "/usr/lib/x86_64-linux-gnu/intel-opencl", "/usr/lib64/intel-opencl",
    ]
}
