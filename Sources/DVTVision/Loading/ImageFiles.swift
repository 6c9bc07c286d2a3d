import DVTCore
import DVTSupport
import Glibc

/// Finds image files.
public enum ImageFiles {
    private static let extensions = [".jpg", ".jpeg", ".png", ".webp"]

    private struct Identity: Hashable {
        let device: UInt
        let inode: UInt
    }

    /// What a folder holds.
    private struct Listing {
        let identity: Identity
        /// The names that are text, sorted by bytes.
        var names: [String] = []
        /// The others, as near as text can come.
        var unreadable: [(path: String, isFolder: Bool)] = []
    }

    /// Finds the images that a path stands for.
    ///
    /// A file stands for itself. A folder stands for every file below it whose name ends in .jpg,
    /// .jpeg, .png or .webp, in any case. Links are followed; a folder that can be reached in
    /// several ways gives its files once, so links in a circle end.
    ///
    /// - Parameter path: a file or a folder.
    /// - Returns: the paths, sorted by their bytes.
    /// - Throws: ``ImageError`` if there is nothing at `path`, or a folder cannot be read.
    public static func find(in path: String) throws(ImageError) -> [String] {
        try find(in: path) { (problem) throws(ImageError) in throw problem }
    }

    /// Finds the images that a path stands for, also where some of them cannot be named.
    ///
    /// - Parameters:
    ///   - path: a file or a folder.
    ///   - onProblem: told of folders below `path` that cannot be read and of names that are not
    ///     UTF-8; the rest goes on, unless it throws.
    /// - Returns: the paths, sorted by their bytes.
    /// - Throws: ``ImageError`` if there is nothing at `path`, and what `onProblem` throws.
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
        // A list of folders yet to visit, and no recursion: the tree may be deep.
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

    /// The names in a folder that are text, sorted by bytes.
    ///
    /// - Parameter folder: the folder.
    /// - Returns: the names.
    /// - Throws: ``ImageError`` if it cannot be read.
    static func names(in folder: String) throws(ImageError) -> [String] {
        try list(folder).names
    }

    /// The folders in a folder, but those that begin with a point.
    ///
    /// - Parameters:
    ///   - folder: the folder.
    ///   - onProblem: told of files whose names are not UTF-8.
    /// - Returns: their names, sorted by bytes.
    /// - Throws: ``ImageError`` if `folder` cannot be read, or a folder in it has a name that is
    ///   not UTF-8: without it, those after it would be counted wrongly.
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

    /// The path of what a folder holds.
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
        // Text cannot hold such a name, so the file could never be opened by what is returned.
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
