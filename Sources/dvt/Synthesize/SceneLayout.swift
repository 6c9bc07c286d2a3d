import ArgumentParser
import DVTVision

/// A file with one or more images.
struct SceneFile: Equatable {
    /// The path in the data set's folder.
    let name: String
    let indices: ArraySlice<Int>
}

/// The storage format of a data set.
enum SceneLayout: String, ExpressibleByArgument, CaseIterable {
    /// One PNG file per image, in one folder per class.
    case folder
    /// CIFAR-10's binary format.
    case cifar

    /// The name of the file with the class names, one per line.
    var classesName: String {
        switch self {
        case .folder: "classes.txt"
        case .cifar: "batches.meta.txt"
        }
    }

    func files(_ split: SceneSplit) -> [SceneFile] {
        switch self {
        case .folder:
            Self.imageFiles(split.training, in: "train")
                + Self.imageFiles(split.validation, in: "val")
        case .cifar:
            CIFARFile.trainingFiles(split.training)
                + (split.validation.isEmpty
                    ? [] : [SceneFile(name: "test_batch.bin", indices: split.validation[...])])
        }
    }

    /// Whether a file of this size is complete; files are replaced atomically.
    func isWhole(_ file: SceneFile, byteCount: Int) -> Bool {
        switch self {
        // A power failure can leave an empty file.
        case .folder: byteCount > 0
        case .cifar: byteCount == file.indices.count * CIFARFile.recordByteCount
        }
    }

    /// The path of an image in `labels.csv`.
    func place(of record: Int, in file: SceneFile) -> String {
        switch self {
        case .folder: file.name
        case .cifar: "\(file.name)#\(record)"
        }
    }

    /// One file per image, named by its class and its number within the class, from 1.
    private static func imageFiles(_ indices: [Int], in part: String) -> [SceneFile] {
        let names = SyntheticScenes.labels.names
        return indices.indices.map { position in
            let index = indices[position]
            let digits = String(SceneSplit.round(index) + 1)
            let padding = String(repeating: "0", count: max(0, 5 - digits.count))
            return SceneFile(
                name: "\(part)/\(names[index % names.count])/\(padding)\(digits).png",
                indices: indices[position...position])
        }
    }
}
