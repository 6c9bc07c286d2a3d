import DVTSupport
import Glibc

/// Creates a folder and its missing parents.
///
/// - Parameter path: the folder.
/// - Throws: ``SynthesisError``.
func makeFolder(_ path: String) throws(SynthesisError) {
    if mkdir(path, 0o777) == 0 { return }
    let parent = parentFolder(of: path)
    if errno == ENOENT, !parent.isEmpty {
        try makeFolder(parent)
        if mkdir(path, 0o777) == 0 { return }
    }
    let code = errno
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw .cannotMakeFolder(path: path, reason: systemMessage(code))
    }
}

/// The size of a regular file, or nil if there is none.
func byteCount(of path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
}

/// The path of the parent folder, or an empty string.
func parentFolder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
}
