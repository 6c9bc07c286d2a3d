import DVTCore
import DVTSupport
import Glibc

/// An image of a set and its class; nothing of it is read yet.
public struct LabeledImage: Sendable {
    /// The class, from 0.
    public let label: Int
    let location: ImageLocation

    /// What messages call it: a path, or that of an archive with the image's number in brackets.
    public var name: String { location.name }

    /// Reads the image.
    ///
    /// - Parameter applyingOrientation: whether it is turned upright as its EXIF data asks.
    /// - Returns: the image.
    /// - Throws: ``ImageError`` if there is no whole, undamaged image.
    public func decode(applyingOrientation: Bool) throws(ImageError) -> RGBImage {
        try location.decode(applyingOrientation: applyingOrientation)
    }
}

/// Images and their classes, always in the same order: folders of a class each, a CIFAR archive,
/// or a CSV file.
///
/// Only names and labels are held; an image is read when it is asked for. ``ImageLoader`` reads
/// them ahead of their use.
public struct LabeledImages: Sendable {
    /// Where the images are.
    enum Storage: Sendable {
        /// Files, with their paths.
        case files([String])
        /// Archives, one after the other, with the number of the first image of each.
        case archives([(file: CIFARFile, start: Int)])
        /// Some of another set's images.
        case chosen([ImageLocation])
    }

    /// Where the set was found.
    public let origin: String
    /// The names of the classes, or nil where the set does not tell them.
    public let classes: ClassLabels?
    /// What was left aside, one line each: files whose names are no text, folders that cannot be
    /// read or are no classes of the model, classes without images.
    public let problems: [String]
    /// What was supposed of the classes where the names of folders do not say it, in one line, or
    /// nil.
    public let assumption: String?
    private let labels: [Int32]
    private let storage: Storage

    init(
        origin: String, classes: ClassLabels?, labels: [Int32], storage: Storage,
        problems: [String] = [], assumption: String? = nil
    ) {
        self.origin = origin
        self.classes = classes
        self.labels = labels
        self.storage = storage
        self.problems = problems
        self.assumption = assumption
    }

    /// Opens a set, whatever its kind: a file that ends in `.csv`, see ``csv(path:classes:)``, a
    /// file or folder of CIFAR archives, see ``cifar(path:split:)``, or else folders of a class
    /// each, see ``imageFolder(path:split:classes:)``.
    ///
    /// - Parameters:
    ///   - path: the file or folder.
    ///   - split: the part, for example `test`, or nil where there is one alone.
    ///   - classes: the names of the model's classes, by which a CSV file's labels and folders are
    ///     numbered, or nil.
    /// - Returns: the set.
    /// - Throws: ``DataSetError`` or ``ImageError`` if there is none.
    public static func open(
        path: String, split: String? = nil, classes: ClassLabels? = nil
    ) throws -> LabeledImages {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw DataSetError.unreadable(path: path, reason: systemMessage())
        }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if path.hasSuffix(".csv"), !isFolder {
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
    /// The images from one on, for going on where something was interrupted.
    ///
    /// - Parameter index: the first image's place, at most their number.
    /// - Returns: the rest of the set; its images are numbered from 0.
    public func rest(from index: Int) -> LabeledImages {
        let storage: Storage =
            switch storage {
            case .files(let paths): .files(Array(paths[index...]))
            case .archives(let archives): .archives(archives.map { ($0.file, $0.start - index) })
            case .chosen(let locations): .chosen(Array(locations[index...]))
            }
        return LabeledImages(
            origin: origin, classes: classes, labels: Array(labels[index...]), storage: storage,
            problems: problems, assumption: assumption)
    }
}

extension LabeledImages {
    /// One of every so many images: a part to measure on.
    ///
    /// It is not always the one at the same place; which one depends on the numbers alone.
    ///
    /// - Parameter count: 10 gives one of images 0 to 9, one of 10 to 19, and so on; of what is
    ///   left at the end it may give none. At least 1.
    /// - Returns: a set of those.
    public func only(every count: Int) -> LabeledImages {
        part { isHeldOut($0, every: count) }
    }

    /// The images that ``only(every:)`` leaves: a part to train on.
    ///
    /// - Parameter count: the images of which one is left out.
    /// - Returns: a set of the others.
    public func leavingOut(every count: Int) -> LabeledImages {
        part { !isHeldOut($0, every: count) }
    }

    private func part(_ isIncluded: (Int) -> Bool) -> LabeledImages {
        let chosen = indices.filter(isIncluded)
        return LabeledImages(
            origin: origin, classes: classes, labels: chosen.map { labels[$0] },
            storage: .chosen(chosen.map(location)), problems: problems, assumption: assumption)
    }
}

extension LabeledImages: RandomAccessCollection {
    /// 0.
    public var startIndex: Int { 0 }
    /// The number of images.
    public var endIndex: Int { labels.count }

    /// An image and its class.
    ///
    /// - Parameter index: its place, from 0.
    public subscript(index: Int) -> LabeledImage {
        LabeledImage(label: Int(labels[index]), location: location(index))
    }

    private func location(_ index: Int) -> ImageLocation {
        switch storage {
        case .files(let paths):
            return .file(paths[index])
        case .archives(let archives):
            // There are six at most.
            let archive = archives.last { $0.start <= index } ?? archives[0]
            return .record(archive.file, index - archive.start)
        case .chosen(let locations):
            return locations[index]
        }
    }
}
