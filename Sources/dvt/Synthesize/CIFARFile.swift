import DVTVision

/// The binary format of CIFAR-10: a label, then the red, the green and the blue plane.
///
/// - SeeAlso: <https://www.cs.toronto.edu/~kriz/cifar.html>
enum CIFARFile {
    /// Columns and rows of an image.
    static let side = 32
    /// The size of an image with its label.
    static let recordByteCount = 1 + 3 * side * side
    /// The number of images per training file.
    private static let capacity = 10_000

    /// The training files, as in CIFAR-10; the last may hold fewer images.
    static func trainingFiles(_ indices: [Int]) -> [SceneFile] {
        stride(from: 0, to: indices.count, by: capacity).map { start in
            SceneFile(
                name: "data_batch_\(start / capacity + 1).bin",
                indices: indices[start..<min(start + capacity, indices.count)])
        }
    }

    /// The record of an image.
    static func record(_ image: SyntheticImage) -> [UInt8] {
        let pixels = image.image.pixels
        return [UInt8(image.label)]
            + (0..<3).flatMap { plane in
                stride(from: plane, to: pixels.count, by: 3).map { pixels[$0] }
            }
    }
}
