import DVTSupport
import Glibc

/// A folder of new files, which appears under its name once all are complete.
package struct ExportFolder: ~Copyable {
    private let path: String
    private let temporaryPath: String
    private let replaces: Bool
    private var isCommitted = false

    /// Creates a temporary folder beside the destination, which is removed if it is not committed.
    ///
    /// - Parameters:
    ///   - path: the folder to write.
    ///   - replaces: whether files in an existing folder are replaced by those of the same name.
    /// - Throws: ``ExportError/exists(path:)`` if a folder with files exists, unless its files are
    ///   to be replaced, or something else has this name; ``/DVTSupport/FileError``.
    package init(path: String, replacing replaces: Bool) throws {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let kind = Self.kind(of: path)
        guard kind == nil || kind == S_IFDIR && (replaces || Self.names(in: path).isEmpty) else {
            throw ExportError.exists(path: path)
        }
        let parent = parentFolder(of: path)
        if !parent.isEmpty { try makeFolder(parent, withParents: true) }
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        let prefix = parent.isEmpty && !path.hasPrefix("/") ? "" : "\(parent)/"
        let temporaryPath = "\(prefix).\(suffix).tmp"
        try makeFolder(temporaryPath)
        self.path = path
        self.temporaryPath = temporaryPath
        self.replaces = replaces && kind != nil
    }

    deinit {
        if !isCommitted { Self.remove(temporaryPath) }
    }

    /// The path at which a file of the folder is written; folders in its name are created.
    ///
    /// - Parameter name: the name in the folder.
    /// - Returns: the temporary path.
    /// - Throws: ``/DVTSupport/FileError``.
    func file(_ name: String) throws -> String {
        let file = "\(temporaryPath)/\(name)"
        try makeFolder(parentFolder(of: file), withParents: true)
        return file
    }

    /// The files written so far, by their paths in the destination.
    package var files: [String] { Self.files(in: temporaryPath).map { "\(path)/\($0)" } }

    /// Moves the files to the destination.
    ///
    /// - Throws: ``ExportError/exists(path:)`` if a folder with files has appeared there,
    ///   ``/DVTSupport/FileError`` if the system fails.
    package consuming func commit() throws {
        if replaces {
            for name in Self.files(in: temporaryPath) {
                let destination = "\(path)/\(name)"
                try makeFolder(parentFolder(of: destination), withParents: true)
                try Self.move("\(temporaryPath)/\(name)", to: destination)
            }
            return
        }
        // Fails if the destination is a folder with files.
        do {
            try Self.move(temporaryPath, to: path)
        } catch {
            if Self.kind(of: path) == S_IFDIR, !Self.names(in: path).isEmpty {
                throw ExportError.exists(path: path)
            }
            throw error
        }
        isCommitted = true
    }
}

// Steps on the file system.
extension ExportFolder {
    private static func move(_ path: String, to destination: String) throws(FileError) {
        guard rename(path, destination) == 0 else {
            throw FileError(path: destination, operation: .write, cause: .system(code: errno))
        }
    }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// The names in a folder, sorted; none if it cannot be read.
    private static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The files below a folder, by their paths in it.
    private static func files(in folder: String) -> [String] {
        names(in: folder).flatMap { name in
            kind(of: "\(folder)/\(name)") == S_IFDIR
                ? files(in: "\(folder)/\(name)").map { "\(name)/\($0)" } : [name]
        }
    }

    /// Removes the temporary folder, in which every file and folder is this one's own.
    private static func remove(_ folder: String) {
        for name in names(in: folder) {
            let path = "\(folder)/\(name)"
            if kind(of: path) == S_IFDIR { remove(path) } else { unlink(path) }
        }
        rmdir(folder)
    }
}
