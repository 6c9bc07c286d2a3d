extension LabeledImages {
    /// The folders that stand for parts of a set where nothing else is beside them.
    private static let splitNames: Set<String> = ["train", "val", "valid", "validation", "test"]

    /// Finds images in folders of a class each: `root/CLASS/*.jpg`, or `root/SPLIT/CLASS/*.jpg`.
    ///
    /// A folder stands for the class that it is called as: by the name, whatever its case and with
    /// spaces, `_` and `-` alike, or for ImageNet's classes by the identifier, `n01440764`. Where
    /// only some are classes, the others are left aside; where none is, or no names are given,
    /// classes are numbered from 0 by the folders' names, sorted by bytes, and ``assumption`` says
    /// so. A folder that begins with a point is none. A class's images are all those below its
    /// folder, as ``ImageFiles`` finds them, sorted by bytes. A class without images keeps its
    /// number.
    ///
    /// - Parameters:
    ///   - path: the folder.
    ///   - split: the folder in it that is meant, or nil: then `path` has classes, or one split.
    ///   - classes: the names of the model's classes, or nil.
    /// - Returns: the set, its images in the order of the folders.
    /// - Throws: ``DataSetError`` if there is no such folder, no class or no image in it,
    ///   ``ImageError`` if a folder cannot be read or a class's name is not UTF-8.
    public static func imageFolder(
        path: String, split: String? = nil, classes: ClassLabels? = nil
    ) throws -> LabeledImages {
        let root = try splitFolder(of: path, split: split)
        var problems: [String] = []
        let names = try ImageFiles.subfolders(of: root) { problems.append($0.description) }
        guard !names.isEmpty else {
            throw DataSetError.empty(
                path: root, reason: "it has no folder; put the images of each class in one")
        }
        let folders = FolderClasses(names, classes: classes, root: root)
        problems += [folders.problem].compactMap { $0 }
        var paths: [String] = []
        var labels: [Int32] = []
        for (name, number) in zip(names, folders.numbers) {
            guard let label = number else { continue }
            let folder = ImageFiles.path(of: name, in: root)
            let found = try images(in: folder, problems: &problems)
            if found.isEmpty {
                problems.append(DataSetError.emptyClass(folder).description)
            }
            paths += found
            labels += repeatElement(Int32(label), count: found.count)
        }
        guard !paths.isEmpty else {
            throw DataSetError.empty(
                path: root, reason: "no folder in it has a .jpg, .jpeg, .png or .webp file")
        }
        return LabeledImages(
            origin: root, classes: folders.labels, labels: labels, storage: .files(paths),
            problems: problems, assumption: folders.assumption)
    }

    private static func images(in folder: String, problems: inout [String]) throws -> [String] {
        var found: [ImageError] = []
        defer { problems += found.map(\.description) }
        return try ImageFiles.find(in: folder) { (error) throws(ImageError) in
            found.append(error)
        }
    }

    private static func splitFolder(of path: String, split: String?) throws -> String {
        // What cannot be named is told by the scan of the part that is meant.
        let folders = try ImageFiles.subfolders(of: path) { _ in }
        let areSplits = !folders.isEmpty && folders.allSatisfy(splitNames.contains)
        if let split {
            guard folders.contains(split) else {
                throw DataSetError.unknownSplit(
                    path: path, split: split, splits: areSplits ? folders : [])
            }
            return ImageFiles.path(of: split, in: path)
        }
        guard areSplits else { return path }
        guard folders.count == 1 else {
            throw DataSetError.splitNeeded(path: path, splits: folders)
        }
        return ImageFiles.path(of: folders[0], in: path)
    }
}

extension DataSetError {
    /// A class of which there is nothing.
    fileprivate static func emptyClass(_ folder: String) -> DataSetError {
        .empty(path: folder, reason: "its class keeps its number")
    }
}
