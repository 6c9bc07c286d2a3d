import DVTSupport
import Glibc

/// Finds image files.
public enum ImageFiles {
    private static let endings = ImageFormat.allCases.flatMap(\.fileNameEndings)

    /// The supported formats as alternatives, such as `JPEG, PNG or WebP`.
    package static var formats: String { ImageFormat.alternatives }

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

    /// What a search finds.
    package struct Search {
        /// The paths of the images, sorted by bytes.
        package fileprivate(set) var paths: [String] = []
        /// The folders that cannot be read and the names that are not UTF-8.
        package fileprivate(set) var problems: [ImageError] = []
        /// The other files.
        package fileprivate(set) var skipped = SkippedFiles()
    }

    /// Lists the images at a path.
    ///
    /// A file yields itself. A folder yields every file below it whose name has the usual ending of
    /// a supported format (.jpg, .jpeg, .jpe, .jfif, .png, .webp, .gif, .bmp, .dib), ignoring case,
    /// or that begins as a file of these formats. Names that begin with a dot are skipped. Symbolic
    /// links are followed, and each folder is visited once, so cyclic links terminate.
    ///
    /// - Parameter path: a file or a folder.
    /// - Returns: the paths, sorted by bytes.
    /// - Throws: ``ImageError`` if `path` does not exist, a folder cannot be read or a name is not
    ///   UTF-8.
    public static func find(in path: String) throws(ImageError) -> [String] {
        let search = try search(in: path)
        if let problem = search.problems.first { throw problem }
        return search.paths
    }

    /// Lists the images at a path, and what cannot be read or is no image.
    ///
    /// - Parameter path: a file or a folder.
    /// - Returns: the files that ``find(in:)`` describes, and the others.
    /// - Throws: ``ImageError`` if `path` does not exist.
    package static func search(in path: String) throws(ImageError) -> Search {
        var search = Search()
        switch kind(path) {
        case nil: throw .cannotOpen(path: path, reason: systemMessage())
        case .folder: break
        default:
            search.paths = [path]
            return search
        }
        var visited: Set<Identity> = []
        // An explicit stack instead of recursion: the tree may be deep.
        var folders = [path]
        while let folder = folders.popLast() {
            do throws(ImageError) {
                let listing = try list(folder)
                guard visited.insert(listing.identity).inserted else { continue }
                folders += note(listing, of: folder, &search).reversed()
            } catch {
                search.problems.append(error)
            }
        }
        search.paths.sort(by: precedes)
        return search
    }

    /// Notes the files of a folder and returns its subfolders.
    private static func note(
        _ listing: Listing, of folder: String, _ search: inout Search
    ) -> [String] {
        search.problems += listing.unreadable.map { .nameNotUTF8(path: $0.path) }
        var subfolders: [String] = []
        for name in listing.names {
            let child = path(of: name, in: folder)
            if name.hasPrefix(".") {
                search.skipped.addHidden(name)
                continue
            }
            switch kind(child) {
            case .folder: subfolders.append(child)
            case .special: search.skipped.addSpecial()
            // Loading reports a broken link.
            case .file, nil:
                if hasImageEnding(name) || ImageFileReader.isImage(path: child) {
                    search.paths.append(child)
                } else {
                    search.skipped.addOther(name)
                }
            }
        }
        return subfolders
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
    /// - Returns: the names that do not begin with a dot, without macOS's `__MACOSX`.
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
            !$0.hasPrefix(".") && $0 != "__MACOSX" && kind(path(of: $0, in: folder)) == .folder
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

    private enum Kind {
        case folder
        case file
        /// A pipe, socket or device.
        case special
    }

    /// What is at a path, or nil if nothing can be found.
    private static func kind(_ path: String) -> Kind? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .folder
        case S_IFREG: return .file
        default: return .special
        }
    }

    /// Whether a name ends as those of images of the supported formats do.
    static func hasImageEnding(_ name: String) -> Bool {
        let name = name.lowercased()
        return endings.contains { name.hasSuffix($0) }
    }

    private static func precedes(_ first: String, _ second: String) -> Bool {
        first.utf8.lexicographicallyPrecedes(second.utf8)
    }
}
