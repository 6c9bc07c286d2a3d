import DVTSupport
import Glibc

/// The files of a CIFAR archive, identified by name.
struct CIFARArchives {
    /// The record layout of all files.
    let layout: CIFARLayout
    private let path: String
    /// The files of each split; a single file has no split.
    private let parts: [(split: String?, files: [String])]

    /// Identifies the archives at a path.
    init(path: String) throws {
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw DataSetError.unreadable(path: path, reason: systemMessage())
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            layout = try Self.layout(ofFile: path, byteCount: Int(status.st_size))
            parts = [(nil, [path])]
            return
        }
        let names = try ImageFiles.names(in: path).filter { Self.layout(named: $0) != nil }
        let layouts = Set(names.compactMap(Self.layout))
        guard let layout = layouts.first, layouts.count == 1 else {
            let reason =
                layouts.isEmpty
                ? "it has no data_batch_1.bin, test_batch.bin, train.bin or test.bin"
                : "it has files of CIFAR-10 and of CIFAR-100; put them in folders of their own"
            throw DataSetError.empty(path: path, reason: reason)
        }
        self.layout = layout
        let (test, train) = (names.filter(Self.isTest), names.filter { !Self.isTest($0) })
        parts = [("train", train), ("test", test)].compactMap { split, names in
            names.isEmpty ? nil : (split, names.map { ImageFiles.path(of: $0, in: path) })
        }
    }

    /// Whether a folder holds CIFAR archives.
    static func areIn(folder: String) throws -> Bool {
        try ImageFiles.names(in: folder).contains { layout(named: $0) != nil }
    }

    /// The sorted paths of one part.
    ///
    /// - Parameter split: `train`, `test`, or nil if there is only one part.
    /// - Returns: the paths.
    /// - Throws: ``DataSetError`` if there is no such part, or `split` is nil and there are
    ///   several.
    func files(split: String?) throws(DataSetError) -> [String] {
        let splits = parts.compactMap(\.split)
        if let split {
            guard let part = parts.first(where: { $0.split == split }) else {
                throw .unknownSplit(path: path, split: split, splits: splits)
            }
            return part.files
        }
        guard parts.count == 1 else { throw .splitNeeded(path: path, splits: splits) }
        return parts[0].files
    }

    private static func isTest(_ name: String) -> Bool { name.hasPrefix("test") }

    private static func layout(named name: String) -> CIFARLayout? {
        switch name {
        case "train.bin", "test.bin": .hundred
        case "test_batch.bin": .ten
        default: name.hasPrefix("data_batch_") && name.hasSuffix(".bin") ? .ten : nil
        }
    }

    /// Identifies the layout by the name, otherwise by the size if only one layout fits.
    private static func layout(
        ofFile path: String, byteCount: Int
    ) throws(DataSetError) -> CIFARLayout {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        if let layout = layout(named: name) { return layout }
        let fitting = [CIFARLayout.ten, .hundred].filter { byteCount % $0.recordByteCount == 0 }
        guard byteCount > 0, let layout = fitting.first, fitting.count == 1 else {
            throw .damaged(
                path: path,
                reason: """
                    is neither a .csv, .tsv or .txt file nor, by its size of \(byteCount) bytes, \
                    one of CIFAR's binary files; give one of these, or a folder with a folder for \
                    each class
                    """)
        }
        return layout
    }
}
