import CBuildInformation
import CCLBlast
import OpenCLRuntime

/// The version of the program.
enum Version {
    /// The package's version, as in the changelog.
    static let number = "0.1.0"

    /// The commit of the build, or `unknown`.
    static var commit: String {
        let commit = String(cString: dvt_build_commit())
        return commit.isEmpty ? "unknown" : commit
    }

    /// The version, the commit and the library versions, as printed by `dvt --version`.
    static var text: String {
        let clBlast = [
            CLBLAST_VERSION_MAJOR, CLBLAST_VERSION_MINOR, CLBLAST_VERSION_PATCH,
        ].map(String.init).joined(separator: ".")
        return """
            dvt \(number) (commit \(commit))
            CLBlast \(clBlast)
            \(ICDLoader.current.map { "\($0.name) \($0.version)" } ?? "OpenCL ICD loader unknown")
            """
    }
}
