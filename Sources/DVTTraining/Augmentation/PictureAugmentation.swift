public import DVTCore
public import DVTVision

/// Changes pictures at random on their way to a model, one by one.
///
/// What happens to a picture depends on the seed, the epoch and the picture's number alone. Crop,
/// flip, operations and erasing draw numbers of their own each, so that turning one off leaves the
/// others as they are.
public struct PictureAugmentation: Sendable {
    private let configuration: AugmentationConfiguration
    private let preprocessing: Preprocessing
    private let seed: UInt64
    /// What comes into sight where a picture is turned or moved away: the mean, as in timm.
    private let fill: SIMD3<UInt8>

    /// Creates an augmentation.
    ///
    /// - Parameters:
    ///   - configuration: what is done.
    ///   - preprocessing: the model's size, filter, mean and deviation.
    ///   - seed: the seed.
    /// - Throws: ``TrainingInputError/invalidAugmentation(setting:value:allowed:)``.
    public init(
        _ configuration: AugmentationConfiguration, preprocessing: Preprocessing, seed: UInt64
    ) throws(TrainingInputError) {
        try configuration.check()
        self.configuration = configuration
        // What is cut has the model's size already.
        self.preprocessing =
            configuration.crop == .centre
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

    /// Crops, mirrors and changes a picture.
    ///
    /// - Parameters:
    ///   - image: the picture.
    ///   - epoch: the pass over the set, from 0.
    ///   - index: the picture's number in the set.
    /// - Returns: a square of the model's size.
    public func picture(from image: RGBImage, epoch: Int, index: Int) -> RGBImage {
        var random = numbers(epoch, index, for: "crop")
        var picture = cropped(image, random: &random)
        random = numbers(epoch, index, for: "flip")
        if random.unit() < configuration.flipProbability { picture = picture.mirrored() }
        guard let randAugment = configuration.randAugment else { return picture }
        random = numbers(epoch, index, for: "operations")
        for operation in randAugment.operations(random: &random) {
            picture = operation.applied(to: picture, fill: fill)
        }
        return picture
    }

    /// Crops, mirrors, changes and normalises a picture, and erases a part of it.
    ///
    /// - Parameters:
    ///   - image: the picture.
    ///   - epoch: the pass over the set, from 0.
    ///   - index: the picture's number in the set.
    /// - Returns: the model's input, shape `[1, 3, S, S]`.
    public func tensor(from image: RGBImage, epoch: Int, index: Int) -> Tensor {
        let picture = picture(from: image, epoch: epoch, index: index)
        var values = preprocessing.normalised(picture)
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
        case .centre:
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
