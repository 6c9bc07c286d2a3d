import ArgumentParser
import DVTVision

/// Which images of a set are for training and which for validation.
///
/// The classes take turns, and a round of all is kept or used as one, so that both parts are
/// balanced. After n rounds the nearest number to `share * n` is kept: more rounds change nothing
/// about the earlier ones.
struct SceneSplit {
    let count: Int
    let validationShare: Double
    let training: [Int]
    let validation: [Int]

    init(count: Int, validationShare: Double) {
        self.count = count
        self.validationShare = validationShare
        func kept(after rounds: Int) -> Double {
            (Double(rounds) * validationShare + 0.5).rounded(.down)
        }
        func isKept(_ index: Int) -> Bool {
            let round = Self.round(index)
            return kept(after: round + 1) > kept(after: round)
        }
        training = (0..<count).filter { !isKept($0) }
        validation = (0..<count).filter(isKept)
    }

    /// The turn of its class that an image is, from 0.
    static func round(_ index: Int) -> Int {
        index / SyntheticScenes.labels.names.count
    }
}

/// A file of images.
struct SceneFile: Equatable {
    /// Its path in the set's folder.
    let name: String
    /// The images in it, in order.
    let indices: ArraySlice<Int>
}

/// How the images of a set are stored.
enum SceneLayout: String, ExpressibleByArgument, CaseIterable {
    /// A PNG file for each, in a folder for each class.
    case folder
    /// The binary format of CIFAR-10.
    case cifar

    /// The file of the classes' names, one a line.
    var classesName: String {
        switch self {
        case .folder: "classes.txt"
        case .cifar: "batches.meta.txt"
        }
    }

    /// The files of a set.
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

    /// Whether a file of some size holds all that it should; files are replaced as a whole.
    func isWhole(_ file: SceneFile, byteCount: Int) -> Bool {
        switch self {
        // A power cut can leave a name without content.
        case .folder: byteCount > 0
        case .cifar: byteCount == file.indices.count * CIFARFile.recordByteCount
        }
    }

    /// What `labels.csv` calls an image of a file.
    func place(of record: Int, in file: SceneFile) -> String {
        switch self {
        case .folder: file.name
        case .cifar: "\(file.name)#\(record)"
        }
    }

    /// One file an image, named by its class and by which of its class it is, from 1.
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

/// The binary format of CIFAR-10: a label, then the red, the green and the blue plane.
///
/// - SeeAlso: <https://www.cs.toronto.edu/~kriz/cifar.html>
enum CIFARFile {
    /// The pixels a side.
    static let side = 32
    /// The bytes of an image with its label.
    static let recordByteCount = 1 + 3 * side * side
    /// The images of a training file.
    private static let capacity = 10_000

    /// Training files as CIFAR-10 has them; the last may hold fewer images.
    static func trainingFiles(_ indices: [Int]) -> [SceneFile] {
        stride(from: 0, to: indices.count, by: capacity).map { start in
            SceneFile(
                name: "data_batch_\(start / capacity + 1).bin",
                indices: indices[start..<min(start + capacity, indices.count)])
        }
    }

    /// An image as the format has it.
    static func record(_ image: SyntheticImage) -> [UInt8] {
        let pixels = image.image.pixels
        return [UInt8(image.label)]
            + (0..<3).flatMap { plane in
                stride(from: plane, to: pixels.count, by: 3).map { pixels[$0] }
            }
    }
}
