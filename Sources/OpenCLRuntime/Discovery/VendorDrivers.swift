/// The OpenCL drivers of a machine; each `.icd` file registers one by naming its library.
package struct VendorDrivers: Sendable {
    /// A registration.
    package struct Registration: Equatable, Sendable {
        /// The `.icd` file, or the library if a variable names it directly.
        package let path: String
        /// The library that the file names; empty if the file is empty.
        package let library: String
    }

    /// GPU vendors' libraries; in many containers they are installed without a registration.
    static let knownLibraries = ["libnvidia-opencl.so.1", "libamdocl64.so", "libigdrcl.so"]

    private let files: FileTree
    private let environment: EnvironmentVariables

    /// Examines a machine.
    package init(files: FileTree = FileTree(), environment: EnvironmentVariables = .process) {
        self.files = files
        self.environment = environment
    }

    /// The path at which the loader looks for registrations: `OCL_ICD_VENDORS`, else
    /// `OPENCL_VENDOR_PATH`, else the system's folder.
    package var source: String {
        environment["OCL_ICD_VENDORS"] ?? environment["OPENCL_VENDOR_PATH"] ?? "/etc/OpenCL/vendors"
    }

    /// The registrations, sorted by name.
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

    /// Whether a registered library exists at its path or in one of the loader's folders.
    package func isPresent(_ library: String) -> Bool {
        !library.isEmpty && find(library) != nil
    }

    /// The paths of the installed GPU vendors' libraries, registered or not.
    package var presentLibraries: [String] {
        Self.knownLibraries.compactMap(find)
    }

    /// The library to load if no registration is usable.
    ///
    /// Nil if the user has set `OCL_ICD_VENDORS`, if a registered library exists, or if no vendor's
    /// library is installed.
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

    /// The library folders: those of the user and the dynamic loader, and others that drivers and
    /// containers use.
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
