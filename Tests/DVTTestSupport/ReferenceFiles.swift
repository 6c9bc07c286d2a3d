import Glibc

/// Files of tensors computed by the authors' own implementations.
package enum ReferenceFiles {
    /// The reason for skipping tests of the larger files if these are missing.
    package static let comment = "DVT_REFERENCE is not set: it names a folder of reference tensors"

    /// The folder of all files, or nil.
    package static var folder: String? { getenv("DVT_REFERENCE").map { String(cString: $0) } }

    /// Whether the folder is known.
    package static var areAvailable: Bool { folder != nil }

    /// The path of a file in the folder.
    ///
    /// - Parameter name: the file's name.
    /// - Returns: the path.
    package static func path(_ name: String) -> String { "\(folder ?? ".")/\(name)" }

    /// The path of a small file that is committed with the tests.
    ///
    /// - Parameters:
    ///   - name: the file's name.
    ///   - file: this file's path, from which the folder is found.
    /// - Returns: the path.
    package static func committed(_ name: String, file: String = #filePath) -> String {
        let tests = file.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(tests)/Fixtures/reference/\(name)"
    }
}
