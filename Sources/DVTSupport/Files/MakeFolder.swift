import Glibc

/// Creates a folder unless it exists.
///
/// - Parameters:
///   - path: the folder.
///   - permissions: the permissions of each created folder, reduced by the process's umask.
///   - withParents: whether to create missing parent folders too.
/// - Throws: ``FileError`` if the folder does not exist afterwards.
package func makeFolder(
    _ path: String, permissions: mode_t = 0o777, withParents: Bool = false
) throws(FileError) {
    if mkdir(path, permissions) == 0 { return }
    let parent = parentFolder(of: path)
    if errno == ENOENT, withParents, !parent.isEmpty {
        try makeFolder(parent, permissions: permissions, withParents: true)
        if mkdir(path, permissions) == 0 { return }
    }
    let error = FileError.system(.makeFolder, path)
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw error }
}

/// The parent folder of a path without a trailing slash; empty for the current folder and the root.
///
/// - Parameter path: a path.
/// - Returns: the text before its last slash.
package func parentFolder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
}
