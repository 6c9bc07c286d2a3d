import DVTCore
import Glibc

/// Finds picture files.
public enum ImageFiles {
    private static let extensions = [".jpg", ".jpeg", ".png", ".webp"]

    private struct Identity: Hashable {
        let device: UInt
        let inode: UInt
    }

    /// Finds the pictures that a path stands for.
    ///
    /// A file stands for itself. A folder stands for every file below it whose name ends in .jpg,
    /// .jpeg, .png or .webp, in any case. Links are followed; a folder that can be reached in
    /// several ways gives its files once, so links in a circle end.
    ///
    /// - Parameter path: a file or a folder.
    /// - Returns: the paths, sorted by their bytes.
    /// - Throws: ``ImageError`` if there is nothing at `path`, or a folder cannot be read.
    public static func find(in path: String) throws(ImageError) -> [String] {
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
            guard let names = try names(in: folder, visited: &visited) else { continue }
            var subfolders: [String] = []
            for name in names {
                let child = folder.hasSuffix("/") ? folder + name : folder + "/" + name
                if isFolder(child) {
                    subfolders.append(child)
                } else if isPicture(name) {
                    found.append(child)
                }
            }
            folders += subfolders.reversed()
        }
        return found.sorted(by: precedes)
    }

    /// The names in a folder, sorted, or nil if it was visited before.
    private static func names(
        in folder: String, visited: inout Set<Identity>
    ) throws(ImageError) -> [String]? {
        guard let stream = opendir(folder) else {
            throw .cannotOpen(path: folder, reason: systemMessage())
        }
        defer { closedir(stream) }
        var status = stat()
        guard fstat(dirfd(stream), &status) == 0 else {
            throw .cannotRead(path: folder, reason: systemMessage())
        }
        let identity = Identity(device: UInt(status.st_dev), inode: UInt(status.st_ino))
        guard visited.insert(identity).inserted else { return nil }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = try name(of: entry, in: folder)
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else {
            throw .cannotRead(path: folder, reason: systemMessage())
        }
        return names.sorted(by: precedes)
    }

    private static func name(
        of entry: UnsafeMutablePointer<dirent>, in folder: String
    ) throws(ImageError) -> String {
        let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        if let name = String(validating: bytes, as: UTF8.self) { return name }
        // Text cannot hold such a name, so the file could never be opened by what is returned.
        throw .nameNotUTF8(path: folder + "/" + String(decoding: bytes, as: UTF8.self))
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func isPicture(_ name: String) -> Bool {
        let name = name.lowercased()
        return extensions.contains { name.hasSuffix($0) }
    }

    private static func precedes(_ first: String, _ second: String) -> Bool {
        first.utf8.lexicographicallyPrecedes(second.utf8)
    }
}
