import Glibc

/// The file system, or a folder that stands in for its root.
package struct FileTree: Sendable {
    private let root: String
    private let mayUse: @Sendable (String) -> Bool

    /// Creates a tree.
    ///
    /// - Parameters:
    ///   - root: the folder that stands in for `/`; empty for the real one.
    ///   - mayUse: whether this user may read and write a file; tests answer as they please, since
    ///     to root the system refuses nothing.
    package init(
        root: String = "",
        mayUse: @escaping @Sendable (String) -> Bool = { access($0, R_OK | W_OK) == 0 }
    ) {
        self.root = root
        self.mayUse = mayUse
    }

    /// Where a path of the tree really is.
    package func location(_ path: String) -> String {
        root + path
    }

    /// The names in a folder, sorted; none where there is no such folder.
    package func names(in folder: String) -> [String] {
        guard let directory = opendir(location(folder)) else {
            return []
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." {
                names.append(name)
            }
        }
        return names.sorted()
    }

    /// Whether there is a file, a device or a folder.
    package func exists(_ path: String) -> Bool {
        access(location(path), F_OK) == 0
    }

    /// Whether this user may read and write it.
    package func isUsable(_ path: String) -> Bool {
        mayUse(location(path))
    }

    /// A small text file's contents, or nil if it cannot be read.
    package func text(_ path: String) -> String? {
        guard let bytes = readFile(location(path), limit: 1 << 20) else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A small text file's lines without blanks around them, empty ones left out.
    package func lines(_ path: String) -> [String] {
        (text(path) ?? "").split(separator: "\n").map { trimmed($0) }.filter { !$0.isEmpty }
    }
}

/// Reads a regular file.
///
/// - Parameters:
///   - path: the file.
///   - limit: the most bytes it may have.
///   - accepts: whether to read a file with this status.
/// - Returns: its bytes, or nil if it is missing, unreadable, too large or no regular file.
func readFile(
    _ path: String, limit: Int, where accepts: (stat) -> Bool = { _ in true }
) -> [UInt8]? {
    // Without O_NONBLOCK, opening a pipe would wait for a writer before it can be refused.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        return nil
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        accepts(status)
    else {
        return nil
    }
    // Files under /proc and /sys give no true size, so the end is where read says it is.
    var bytes: [UInt8] = []
    let chunk = max(4096, Int(status.st_size) + 1)
    while bytes.count <= limit {
        let piece = readChunk(descriptor, byteCount: min(chunk, limit + 1))
        guard let piece else {
            return nil
        }
        if piece.isEmpty {
            return bytes
        }
        bytes += piece
    }
    return nil
}

private func readChunk(_ descriptor: Int32, byteCount: Int) -> [UInt8]? {
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { room, initializedCount in
        var count = read(descriptor, room.baseAddress, byteCount)
        while count < 0 && errno == EINTR {
            count = read(descriptor, room.baseAddress, byteCount)
        }
        failed = count < 0
        initializedCount = max(0, count)
    }
    return failed ? nil : bytes
}
