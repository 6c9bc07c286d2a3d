import DVTSupport
import Glibc

/// Images and their classes in a fixed order, from class folders, CIFAR archives or a CSV file.
///
/// The set holds only names and labels; images are read on access. ``ImageLoader`` reads them ahead
/// of their use.
public struct LabeledImages: Sendable {
    /// The locations of the images.
    enum Storage: Sendable {
        /// Files by path.
        case files([String])
        /// Archives in order, with the index of the first image of each.
        case archives([(file: CIFARFile, start: Int)])
        /// A subset of another set's images.
        case chosen([ImageLocation])
    }

    /// The path of the set.
    public let origin: String
    /// The names of the classes, or nil if the set does not provide them.
    public let classes: ClassLabels?
    /// What was ignored, one line each: files whose names are not UTF-8, folders that cannot be
    /// read or match no class of the model, and classes without images.
    public let problems: [String]
    /// The assumed numbering of the classes if the folder names do not determine it, in one line,
    /// or nil.
    public let assumption: String?
    /// The files of class folders that are no images.
    package let skipped: SkippedFiles
    private let labels: [Int32]
    private let storage: Storage

    private static let listEndings = [".csv", ".tsv", ".txt"]

    init(
        origin: String, classes: ClassLabels?, labels: [Int32], storage: Storage,
        problems: [String] = [], assumption: String? = nil, skipped: SkippedFiles = SkippedFiles()
    ) {
        self.origin = origin
        self.classes = classes
        self.labels = labels
        self.storage = storage
        self.problems = problems
        self.assumption = assumption
        self.skipped = skipped
    }

    /// Opens a set of any kind: a `.csv`, `.tsv` or `.txt` file (``csv(path:classes:)``), a CIFAR
    /// archive or a folder of them (``cifar(path:split:)``), or class folders
    /// (``imageFolder(path:split:classes:)``).
    ///
    /// - Parameters:
    ///   - path: a file or folder.
    ///   - split: the part, for example `test`; nil if there is only one.
    ///   - classes: what is known of the model's classes, which number the labels and folders.
    /// - Returns: the labeled images.
    /// - Throws: ``DataSetError`` or ``ImageError`` if `path` holds no set.
    public static func open(
        path: String, split: String? = nil, classes: ModelClasses = ModelClasses()
    ) throws -> LabeledImages {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw DataSetError.unreadable(path: path, reason: systemMessage())
        }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if listEndings.contains(where: path.lowercased().hasSuffix), !isFolder {
            guard split == nil else {
                throw DataSetError.unknownSplit(path: path, split: split ?? "", splits: [])
            }
            return try csv(path: path, classes: classes)
        }
        if try !isFolder || CIFARArchives.areIn(folder: path) {
            return try cifar(path: path, split: split)
        }
        return try imageFolder(path: path, split: split, classes: classes)
    }
}

extension LabeledImages {
    /// The images from an index on, for resuming an interrupted run.
    ///
    /// - Parameter index: the index of the first image, at most `count`.
    /// - Returns: the rest of the set, numbered from 0.
    public func rest(from index: Int) -> LabeledImages {
        let storage: Storage =
            switch storage {
            case .files(let paths): .files(Array(paths[index...]))
            case .archives(let archives): .archives(archives.map { ($0.file, $0.start - index) })
            case .chosen(let locations): .chosen(Array(locations[index...]))
            }
        return LabeledImages(
            origin: origin, classes: classes, labels: Array(labels[index...]), storage: storage,
            problems: problems, assumption: assumption, skipped: skipped)
    }
}

extension LabeledImages {
    /// Holds out one image of every `count` consecutive ones, as a test part.
    ///
    /// The position within each group varies but depends only on the index.
    ///
    /// - Parameter count: the group size, at least 1; an incomplete last group may have none.
    /// - Returns: the held-out images.
    public func only(every count: Int) -> LabeledImages {
        part { isHeldOut($0, every: count) }
    }

    /// The complement of ``only(every:)``, as a training part.
    ///
    /// - Parameter count: the group size, at least 1.
    /// - Returns: the images that are not held out.
    public func leavingOut(every count: Int) -> LabeledImages {
        part { !isHeldOut($0, every: count) }
    }

    /// One of several parts of about equal size, by a hash of the images' names.
    ///
    /// Names begin below the set's folder, so the parts do not depend on where it is.
    ///
    /// - Parameters:
    ///   - index: the part, from 0.
    ///   - count: the number of parts.
    /// - Returns: the images of the part.
    package func shard(_ index: Int, of count: Int) -> LabeledImages {
        let folder = origin.hasSuffix("/") ? origin : origin + "/"
        return part { image in
            let name = self[image].name
            let own = name.hasPrefix(folder) ? String(name.dropFirst(folder.count)) : name
            return SeededValues(name: own, seed: 0).bits(0) % UInt64(count) == UInt64(index)
        }
    }

    private func part(_ isIncluded: (Int) -> Bool) -> LabeledImages {
        let chosen = indices.filter(isIncluded)
        return LabeledImages(
            origin: origin, classes: classes, labels: chosen.map { labels[$0] },
            storage: .chosen(chosen.map(location)), problems: problems, assumption: assumption,
            skipped: skipped)
    }
}

extension LabeledImages: RandomAccessCollection {
    /// The index of the first image, 0.
    public var startIndex: Int { 0 }
    /// The number of images.
    public var endIndex: Int { labels.count }

    /// The image at an index, with its class.
    ///
    /// - Parameter index: the index, from 0.
    public subscript(index: Int) -> LabeledImage {
        LabeledImage(label: Int(labels[index]), location: location(index))
    }

    private func location(_ index: Int) -> ImageLocation {
        switch storage {
        case .files(let paths):
            return .file(paths[index])
        case .archives(let archives):
            // There are at most six archives.
            let archive = archives.last { $0.start <= index } ?? archives[0]
            return .record(archive.file, index - archive.start)
        case .chosen(let locations):
            return locations[index]
        }
    }
}
