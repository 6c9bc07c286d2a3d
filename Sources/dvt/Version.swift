import CBuildInformation
import CCLBlast
import OpenCL

/// What `dvt --version` prints.
enum Version {
    /// The package's version; the changelog says what is in it.
    static let number = "0.1.0"

    /// The version, the commit it was built from, and the libraries under it.
    static var text: String {
        let commit = String(cString: dvt_build_commit())
        let clBlast = [
            CLBLAST_VERSION_MAJOR, CLBLAST_VERSION_MINOR, CLBLAST_VERSION_PATCH,
        ].map(String.init).joined(separator: ".")
        return """
            dvt \(number) (\(commit.isEmpty ? "commit unknown" : "commit \(commit)"))
            CLBlast \(clBlast)
            \(ICDLoader.current.map { "\($0.name) \($0.version)" } ?? "OpenCL ICD loader unknown")
            """
    }
}
