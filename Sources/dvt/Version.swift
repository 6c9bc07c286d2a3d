import CBuildInformation
import CCLBlast
import OpenCLRuntime

/// What `dvt --version` prints.
enum Version {
    /// The package's version; the changelog says what is in it.
    static let number = "0.1.0"

    /// The commit it was built from, or that nobody said.
    static var commit: String {
        let commit = String(cString: dvt_build_commit())
        return commit.isEmpty ? "unknown" : commit
    }

    /// The version, the commit it was built from, and the libraries under it.
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
