package import DVTCore
import DVTSupport
package import DVTVision

/// Augments single images at random.
///
/// The result depends only on the seed, the epoch and the index of the image. Crop, flip,
/// operations and erasing use separate random streams, so disabling one does not change the others.
package struct ImageAugmentation: Sendable {
    private let configuration: AugmentationConfiguration
    private let preprocessing: Preprocessing
    private let seed: UInt64
    /// The color of areas uncovered by rotations and translations: the mean, as in timm.
    private let fill: SIMD3<UInt8>

    /// Creates an augmentation.
    ///
    /// - Parameters:
    ///   - configuration: the augmentation settings.
    ///   - preprocessing: the model's size, filter, mean and deviation.
    ///   - seed: the seed of all draws.
    /// - Throws: ``TrainingInputError/invalidAugmentation(setting:value:allowed:)``.
    package init(
        _ configuration: AugmentationConfiguration, preprocessing: Preprocessing, seed: UInt64
    ) throws(TrainingInputError) {
        try configuration.check()
        self.configuration = configuration
        // Crops already have the model's input size.
        self.preprocessing =
            configuration.crop == .center
            ? preprocessing
            : Preprocessing(
                shorterSide: preprocessing.imageSize, imageSize: preprocessing.imageSize,
                filter: preprocessing.filter, mean: preprocessing.mean,
                standardDeviation: preprocessing.standardDeviation,
                applyingOrientation: preprocessing.applyingOrientation)
        self.seed = seed
        let levels = (preprocessing.mean * 255).rounded(.toNearestOrEven)
        fill = SIMD3(clamping: SIMD3<Int32>(levels))
    }

    /// Crops, flips and transforms an image.
    ///
    /// - Parameters:
    ///   - image: the decoded image.
    ///   - epoch: the epoch, from 0.
    ///   - index: the index of the image in the set.
    /// - Returns: a square of the model's input size.
    package func augmented(_ image: RGBImage, epoch: Int, index: Int) -> RGBImage {
        var random = numbers(epoch, index, for: "crop")
        var result = cropped(image, random: &random)
        random = numbers(epoch, index, for: "flip")
        if random.unit() < configuration.flipProbability { result = result.mirrored() }
        guard let randAugment = configuration.randAugment else { return result }
        random = numbers(epoch, index, for: "operations")
        for operation in randAugment.operations(random: &random) {
            result = operation.applied(to: result, fill: fill)
        }
        return result
    }

    /// Augments and normalizes an image, including random erasing.
    ///
    /// - Parameters:
    ///   - image: the decoded image.
    ///   - epoch: the epoch, from 0.
    ///   - index: the index of the image in the set.
    /// - Returns: the model's input, shape `[1, 3, S, S]`.
    package func tensor(from image: RGBImage, epoch: Int, index: Int) -> Tensor {
        let image = augmented(image, epoch: epoch, index: index)
        var values = preprocessing.normalized(image)
        if let erasing = configuration.erasing {
            var random = numbers(epoch, index, for: "erasing")
            erasing.apply(to: &values, side: preprocessing.imageSize, random: &random)
        }
        return Tensor(preprocessing.shape, values: values)
    }

    private func numbers(_ epoch: Int, _ index: Int, for purpose: String) -> SeededGenerator {
        SeededGenerator(name: "training.\(epoch).\(index).\(purpose)", seed: seed)
    }

    private func cropped(_ image: RGBImage, random: inout SeededGenerator) -> RGBImage {
        let side = preprocessing.imageSize
        switch configuration.crop {
        case .center:
            return preprocessing.square(of: image)
        case .padded(let padding):
            let (x, y) = (random.next(below: 2 * padding + 1), random.next(below: 2 * padding + 1))
            return preprocessing.square(of: image).shifted(x: x - padding, y: y - padding)
        case .resized(let area, let aspectRatio):
            let box = CropBox(
                width: image.width, height: image.height, area: area, aspectRatio: aspectRatio,
                random: &random)
            return image.cropped(columns: box.columns, rows: box.rows)
                .resized(width: side, height: side, filter: preprocessing.filter)
        }
    }
}
