import DVTSupport
import Glibc

/// The file system, or a folder in place of its root.
package struct FileTree: Sendable {
    private let root: String
    private let mayUse: @Sendable (String) -> Bool

    /// Creates a tree.
    ///
    /// - Parameters:
    ///   - root: the folder in place of `/`; empty for the real root.
    ///   - mayUse: whether this user may read and write a file; tests override it because root has
    ///     access to everything.
    package init(
        root: String = "",
        mayUse: @escaping @Sendable (String) -> Bool = { access($0, R_OK | W_OK) == 0 }
    ) {
        self.root = root
        self.mayUse = mayUse
    }

    /// The real path of a path in the tree.
    package func location(_ path: String) -> String {
        root + path
    }

    /// The names in a folder, sorted; empty if there is no such folder.
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

    /// Whether a file, a device or a folder exists.
    package func exists(_ path: String) -> Bool {
        access(location(path), F_OK) == 0
    }

    /// Whether this user may read and write it.
    package func isUsable(_ path: String) -> Bool {
        mayUse(location(path))
    }

    /// A small text file's contents, or nil if it cannot be read.
    package func text(_ path: String) -> String? {
        let bytes = try? readFile(location(path), limit: 1 << 20)
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// A small text file's trimmed lines, without empty ones.
    package func lines(_ path: String) -> [String] {
        (text(path) ?? "").split(separator: "\n").map { trimmed($0) }.filter { !$0.isEmpty }
    }
}
