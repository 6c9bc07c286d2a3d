import ArgumentParser
import DVTModel
import DVTVision

/// The preprocessing of a command's images.
struct PreprocessingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Image preprocessing.",
            discussion: "default: as in the model card, with EXIF orientation applied.",
            valueName: "preset"))
    var preprocessing = PreprocessingPreset.default

    @Option(
        help: ArgumentHelp(
            "How images become square.",
            discussion: """
                center: the middle is kept. squash: both sides are resized alike, then the middle is \
                kept. pad: borders are added to the whole image. none: the whole image is resized to \
                the model's input. The first three are timm's center, squash and border. Default: as \
                in the model card, center for most.
                """, valueName: "mode"))
    var crop: CropMode?

    @OptionGroup var decoding: DecodingArguments

    /// The preprocessing of a model: the card's, or another crop without EXIF orientation but with
    /// the card's mean and standard deviation.
    ///
    /// - Parameters:
    ///   - card: the model card.
    ///   - truncated: the command's own rule for files that end early.
    /// - Returns: the preprocessing.
    /// - Throws: ``ModelError`` if the model takes no images.
    func preprocessing(
        of card: ModelCard, truncated: TruncationRule = .refuse
    ) throws -> Preprocessing {
        let standard = try Preprocessing(card)
        let other =
            preprocessing == .default
            ? standard : preprocessing.preprocessing(imageSize: standard.imageSize)
        return decoding.applied(
            to: Preprocessing(
                shorterSide: other.shorterSide, imageSize: standard.imageSize,
                filter: other.filter, mean: standard.mean,
                standardDeviation: standard.standardDeviation,
                applyingOrientation: other.applyingOrientation, crop: crop ?? other.crop),
            truncated: truncated)
    }
}

extension PreprocessingPreset: ExpressibleByArgument {}
extension CropMode: ExpressibleByArgument {}
