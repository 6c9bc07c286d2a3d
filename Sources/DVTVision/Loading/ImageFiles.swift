import DVTSupport
import Glibc

/// Finds image files.
public enum ImageFiles {
    private static let extensions = [".jpg", ".jpeg", ".png", ".webp"]

    private struct Identity: Hashable {
        let device: UInt
        let inode: UInt
    }

    /// The entries of a folder.
    private struct Listing {
        let identity: Identity
        /// The names that are valid UTF-8, sorted by bytes.
        var names: [String] = []
        /// The other entries, with their names repaired.
        var unreadable: [(path: String, isFolder: Bool)] = []
    }

    /// Lists the images at a path.
    ///
    /// A file yields itself. A folder yields every file below it whose name ends in .jpg, .jpeg,
    /// .png or .webp, ignoring case. Symbolic links are followed, and each folder is visited once,
    /// so cyclic links terminate.
    ///
    /// - Parameter path: a file or a folder.
    /// - Returns: the paths, sorted by bytes.
    /// - Throws: ``ImageError`` if `path` does not exist or a folder cannot be read.
    public static func find(in path: String) throws(ImageError) -> [String] {
        try find(in: path) { (problem) throws(ImageError) in throw problem }
    }

    /// Lists the images at a path and reports those that cannot be listed.
    ///
    /// - Parameters:
    ///   - path: a file or a folder.
    ///   - onProblem: receives unreadable folders below `path` and names that are not UTF-8; the
    ///     search continues unless it throws.
    /// - Returns: the paths, sorted by bytes.
    /// - Throws: ``ImageError`` if `path` does not exist, or the error of `onProblem`.
    static func find(
        in path: String, onProblem: (ImageError) throws(ImageError) -> Void
    ) throws(ImageError) -> [String] {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .cannotOpen(path: path, reason: systemMessage())
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return [path] }
        var found: [String] = []
        var visited: Set<Identity> = []
        // An explicit stack instead of recursion: the tree may be deep.
        var folders = [path]
        while let folder = folders.popLast() {
            let listing: Listing
            do throws(ImageError) {
                listing = try list(folder)
            } catch {
                try onProblem(error)
                continue
            }
            guard visited.insert(listing.identity).inserted else { continue }
            for (path, _) in listing.unreadable { try onProblem(.nameNotUTF8(path: path)) }
            var subfolders: [String] = []
            for name in listing.names {
                let child = self.path(of: name, in: folder)
                if isFolder(child) {
                    subfolders.append(child)
                } else if isImage(name) {
                    found.append(child)
                }
            }
            folders += subfolders.reversed()
        }
        return found.sorted(by: precedes)
    }

    /// The names in a folder that are valid UTF-8, sorted by bytes.
    static func names(in folder: String) throws(ImageError) -> [String] {
        try list(folder).names
    }

    /// The names of the visible subfolders of a folder, sorted by bytes.
    ///
    /// - Parameters:
    ///   - folder: the path of the folder.
    ///   - onProblem: receives files whose names are not UTF-8.
    /// - Returns: the names that do not begin with a dot.
    /// - Throws: ``ImageError`` if `folder` cannot be read, or the name of a subfolder is not
    ///   UTF-8: omitting it would shift the numbers of later classes.
    static func subfolders(
        of folder: String, onProblem: (ImageError) -> Void
    ) throws(ImageError) -> [String] {
        let listing = try list(folder)
        for (path, isFolder) in listing.unreadable {
            guard !isFolder else { throw .nameNotUTF8(path: path) }
            onProblem(.nameNotUTF8(path: path))
        }
        return listing.names.filter {
            !$0.hasPrefix(".") && isFolder(path(of: $0, in: folder))
        }
    }

    /// The path of an entry of a folder.
    static func path(of name: String, in folder: String) -> String {
        folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    private static func list(_ folder: String) throws(ImageError) -> Listing {
        guard let stream = opendir(folder) else {
            throw .cannotOpen(path: folder, reason: systemMessage())
        }
        defer { closedir(stream) }
        var status = stat()
        guard fstat(dirfd(stream), &status) == 0 else {
            throw .cannotRead(path: folder, reason: systemMessage())
        }
        var listing = Listing(
            identity: Identity(device: UInt(status.st_dev), inode: UInt(status.st_ino)))
        errno = 0
        while let entry = readdir(stream) {
            note(entry, of: stream, in: folder, &listing)
            errno = 0
        }
        guard errno == 0 else {
            throw .cannotRead(path: folder, reason: systemMessage())
        }
        listing.names.sort(by: precedes)
        listing.unreadable.sort { precedes($0.path, $1.path) }
        return listing
    }

    private static func note(
        _ entry: UnsafeMutablePointer<dirent>, of stream: OpaquePointer, in folder: String,
        _ listing: inout Listing
    ) {
        let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        if let name = String(validating: bytes, as: UTF8.self) {
            if name != ".", name != ".." { listing.names.append(name) }
            return
        }
        // `String` cannot represent this name, so the file could not be opened by its path.
        var status = stat()
        let name = bytes.map(CChar.init(bitPattern:)) + [0]
        let found = fstatat(dirfd(stream), name, &status, 0)
        listing.unreadable.append(
            (
                path: path(of: String(decoding: bytes, as: UTF8.self), in: folder),
                isFolder: found == 0 && status.st_mode & S_IFMT == S_IFDIR
            ))
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func isImage(_ name: String) -> Bool {
        let name = name.lowercased()
        return extensions.contains { name.hasSuffix($0) }
    }

    private static func precedes(_ first: String, _ second: String) -> Bool {
        first.utf8.lexicographicallyPrecedes(second.utf8)
    }
}
