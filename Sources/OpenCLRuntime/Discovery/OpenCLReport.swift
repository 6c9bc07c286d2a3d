import Glibc

/// A diagnosis of a machine's OpenCL installation: drivers, devices, hardware and advice.
package struct OpenCLReport: Sendable {
    /// A driver that is registered with the loader.
    package struct Driver: Equatable, Sendable {
        /// The `.icd` file, or the library if a variable names it directly.
        package let path: String
        /// The library that the file names.
        package let library: String
        /// The dynamic loader's message if the library cannot be loaded.
        package let problem: String?
    }

    /// The ICD loader, or nil if it does not identify itself.
    package let loader: ICDLoader?
    /// The environment variables that this program set before its first OpenCL call.
    package let preparations: [Discovery.Preparation]
    /// The path at which the loader looks for drivers.
    package let driverSource: String
    /// The drivers registered there.
    package let drivers: [Driver]
    /// The platforms, with their devices.
    package let platforms: [Discovery.Entry]
    /// Why there are no platforms.
    package let failure: OpenCLError?
    /// The GPUs known to the operating system.
    package let hardware: [GPUHardware]
    /// The cache of program binaries.
    package let diskCache: DiskCache
    /// Instructions, the most urgent first; empty if there are no problems.
    package let advice: [String]

    /// Examines a machine.
    ///
    /// - Parameters:
    ///   - files: the file system.
    ///   - environment: the environment variables.
    ///   - discovery: the discovered platforms; ``Discovery/shared`` discovers them on first use.
    ///   - loadProblem: tries to load a library; returns the error message, or nil on success.
    package init(
        files: FileTree = FileTree(), environment: EnvironmentVariables = .process,
        discovery: Discovery = .shared,
        loadProblem: (String) -> String? = OpenCLReport.loadProblem
    ) {
        let registered = VendorDrivers(files: files, environment: environment)
        loader = ICDLoader.current
        preparations = discovery.preparations
        driverSource = registered.source
        drivers = registered.registrations.map { registration in
            Driver(
                path: registration.path, library: registration.library,
                problem: registration.library.isEmpty
                    ? "the file names no library" : loadProblem(registration.library))
        }
        platforms = discovery.platforms
        failure = discovery.failure
        hardware = GPUHardware.all(in: files)
        diskCache = DiskCache(environment: environment)
        advice =
            Advice(
                drivers: drivers, hardware: hardware, platforms: platforms,
                unregistered: Self.unregistered(files, environment, discovery),
                userSource: Self.userSource(environment, discovery)
            ).lines
    }

    /// The installed vendor libraries that no system-wide registration names.
    private static func unregistered(
        _ files: FileTree, _ environment: EnvironmentVariables, _ discovery: Discovery
    ) -> [String] {
        let system = VendorDrivers(
            files: files, environment: environment.without("OCL_ICD_VENDORS"))
        let names = system.registrations.map { fileName($0.library) }
        return system.presentLibraries.filter { !names.contains(fileName($0)) }
    }

    /// The value of `OCL_ICD_VENDORS`, unless this program set it.
    private static func userSource(
        _ environment: EnvironmentVariables, _ discovery: Discovery
    ) -> String? {
        let isOurs = discovery.preparations.contains { $0.variable == "OCL_ICD_VENDORS" }
        return isOurs ? nil : environment["OCL_ICD_VENDORS"]
    }

    /// Tries to load a library.
    ///
    /// - Parameter library: the name or path.
    /// - Returns: the error message, or nil on success.
    package static func loadProblem(_ library: String) -> String? {
        // The library stays open: drivers start threads, which would crash if it were unloaded.
        guard dlopen(library, RTLD_LAZY | RTLD_LOCAL) == nil else {
            return nil
        }
        return dlerror().map { String(cString: $0) } ?? "it cannot be loaded"
    }
}

/// The last component of a path.
func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
}
