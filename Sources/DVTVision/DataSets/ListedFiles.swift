import Glibc

/// The files that the paths of a list stand for.
struct ListedFiles {
    /// Whether the first path is that of a file, with or without the extension.
    let exists: Bool
    private let folder: Substring
    private let suffix: String

    private static let suffixes = [
        "", ".jpg", ".jpeg", ".JPEG", ".JPG", ".png", ".PNG", ".webp", ".gif", ".bmp",
    ]

    /// Finds the extension that a list omits, as Kaggle's lists of identifiers do.
    ///
    /// - Parameters:
    ///   - folder: the folder of the list, with its slash, or nothing.
    ///   - first: the first path of the list.
    init(in folder: Substring, first: String) {
        self.folder = folder
        let base = Self.joined(folder, first)
        let suffixes = CSVColumns.looksLikeFile(first) ? [""] : Self.suffixes
        let found = first.isEmpty ? nil : suffixes.first { Self.isFile(base + $0) }
        exists = found != nil
        suffix = found ?? ""
    }

    /// The path of a file, resolved against the folder of the list.
    func path(of name: String) -> String { Self.joined(folder, name) + suffix }

    private static func joined(_ folder: Substring, _ name: String) -> String {
        name.hasPrefix("/") ? name : folder + name
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
