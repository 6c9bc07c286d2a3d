extension LabeledImages {
    /// The names of splits, ignoring case.
    private static let splitNames: Set<String> = [
        "train", "training", "val", "valid", "validation", "test", "testing",
    ]

    /// Lists images in one folder per class: `root/CLASS/*.jpg`, or `root/SPLIT/CLASS/*.jpg`.
    ///
    /// A folder matches the class of the same name, ignoring case and treating spaces, `_` and `-`
    /// alike, or for ImageNet the class with that identifier, such as `n01440764`. If some folders
    /// match, the others are ignored. If none matches, or the names of the classes are unknown,
    /// folders are numbered as ``ClassFolderNumbering`` says, and ``assumption`` states the result.
    /// Folders that begin with a dot are ignored. The images of a class are all those below its
    /// folder, see ``ImageFiles``, sorted by bytes. A class without images keeps its number.
    ///
    /// Two subfolders with names of splits, such as `train` and `val`, are splits even beside other
    /// folders.
    ///
    /// - Parameters:
    ///   - path: the folder.
    ///   - split: the subfolder to use; nil if `path` holds the classes or a single split.
    ///   - classes: what is known of the model's classes.
    /// - Returns: the set, its images in the order of the folders.
    /// - Throws: ``DataSetError`` if there is no such folder, class or image; ``ImageError`` if a
    ///   folder cannot be read or the name of a class is not UTF-8.
    public static func imageFolder(
        path: String, split: String? = nil, classes: ModelClasses = ModelClasses()
    ) throws -> LabeledImages {
        let root = try splitFolder(of: path, split: split)
        var problems: [String] = []
        let names = try ImageFiles.subfolders(of: root) { problems.append($0.description) }
        guard !names.isEmpty else {
            throw DataSetError.empty(path: root, reason: try reasonWithoutFolders(root))
        }
        let folders = try FolderClasses(names, model: classes, root: root)
        problems += [folders.problem].compactMap { $0 }
        var paths: [String] = []
        var labels: [Int32] = []
        var skipped = SkippedFiles()
        for (name, number) in zip(names, folders.numbers) {
            guard let label = number else { continue }
            let folder = ImageFiles.path(of: name, in: root)
            let found = try ImageFiles.search(in: folder)
            problems += found.problems.map(\.description)
            skipped.add(found.skipped)
            if found.paths.isEmpty {
                problems.append(DataSetError.emptyClass(folder).description)
            }
            paths += found.paths
            labels += repeatElement(Int32(label), count: found.paths.count)
        }
        guard !paths.isEmpty else {
            throw DataSetError.empty(
                path: root,
                reason: "no folder in it has a \(ImageFormat.alternatives) file"
                    + (skipped.text.map { "; convert what they contain: \($0)" } ?? ""))
        }
        return LabeledImages(
            origin: root, classes: folders.labels, labels: labels, storage: .files(paths),
            problems: problems, assumption: folders.assumption, skipped: skipped)
    }

    private static func reasonWithoutFolders(_ root: String) throws -> String {
        guard try ImageFiles.names(in: root).contains(where: ILSVRCValidation.isImageName) else {
            return "it has no folder; put the images of each class in one"
        }
        return """
            its images are ImageNet's, without class folders; give the development kit's lists of \
            their classes (dvt evaluate --ground-truth, --synsets)
            """
    }

    private static func splitFolder(of path: String, split: String?) throws -> String {
        // The scan of the selected split reports names that are not UTF-8.
        let folders = try ImageFiles.subfolders(of: path) { _ in }
        let splits = folders.filter { splitNames.contains($0.lowercased()) }
        let areSplits = splits.count >= 2 || (splits.count == 1 && folders.count == 1)
        if let split {
            guard folders.contains(split) else {
                throw DataSetError.unknownSplit(
                    path: path, split: split, splits: areSplits ? splits : [])
            }
            return ImageFiles.path(of: split, in: path)
        }
        guard areSplits else { return path }
        guard splits.count == 1 else {
            throw DataSetError.splitNeeded(path: path, splits: splits)
        }
        return ImageFiles.path(of: splits[0], in: path)
    }
}

extension DataSetError {
    /// A class without images.
    fileprivate static func emptyClass(_ folder: String) -> DataSetError {
        .empty(path: folder, reason: "its class keeps its number")
    }
}
