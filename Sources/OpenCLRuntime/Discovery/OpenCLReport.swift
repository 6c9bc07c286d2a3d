import Glibc

/// What a machine has for OpenCL and what it lacks: the data of a doctor's report.
package struct OpenCLReport: Sendable {
    /// A driver that is registered with the loader.
    package struct Driver: Equatable, Sendable {
        /// The `.icd` file, or the library where a variable names it directly.
        package let path: String
        /// The library it names.
        package let library: String
        /// Why the library cannot be loaded, in the dynamic loader's words.
        package let problem: String?
    }

    /// The loader, or nil if it does not say what it is.
    package let loader: ICDLoader?
    /// The variables that this program set before its first OpenCL call, and why.
    package let preparations: [Discovery.Preparation]
    /// Where the loader looks for drivers.
    package let driverSource: String
    /// The drivers registered there.
    package let drivers: [Driver]
    /// The platforms, with their devices.
    package let platforms: [Discovery.Entry]
    /// Why there are no platforms.
    package let failure: OpenCLError?
    /// The GPUs that the kernel shows.
    package let hardware: [GPUHardware]
    /// Where program binaries are kept.
    package let diskCache: DiskCache
    /// What to do, most pressing first; empty when all is well.
    package let advice: [String]

    /// Looks at a machine.
    ///
    /// - Parameters:
    ///   - files: its file system.
    ///   - environment: its variables.
    ///   - discovery: what OpenCL found; looked for now if it was not yet.
    ///   - loadProblem: tries to load a library and says why that fails.
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

    /// The makers' libraries that no system-wide registration names.
    private static func unregistered(
        _ files: FileTree, _ environment: EnvironmentVariables, _ discovery: Discovery
    ) -> [String] {
        let system = VendorDrivers(
            files: files, environment: environment.without("OCL_ICD_VENDORS"))
        let names = system.registrations.map { fileName($0.library) }
        return system.presentLibraries.filter { !names.contains(fileName($0)) }
    }

    /// What the user, and not this program, set for the loader.
    private static func userSource(
        _ environment: EnvironmentVariables, _ discovery: Discovery
    ) -> String? {
        let isOurs = discovery.preparations.contains { $0.variable == "OCL_ICD_VENDORS" }
        return isOurs ? nil : environment["OCL_ICD_VENDORS"]
    }

    /// Tries to load a library.
    ///
    /// - Parameter library: its name or path.
    /// - Returns: why that fails, or nil.
    package static func loadProblem(_ library: String) -> String? {
        // Left open: drivers start threads, and closing one under them ends the program.
        guard dlopen(library, RTLD_LAZY | RTLD_LOCAL) == nil else {
            return nil
        }
        return dlerror().map { String(cString: $0) } ?? "it cannot be loaded"
    }
}

/// The last part of a path.
func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
}
