import ArgumentParser
import DVTModel
import DVTVision

extension PreprocessingPreset: ExpressibleByArgument {
    /// The preprocessing of a model: the card's, or another crop without EXIF orientation but with
    /// the card's mean and standard deviation.
    func preprocessing(of card: ModelCard) throws -> Preprocessing {
        let standard = try Preprocessing(card)
        guard self != .default else { return standard }
        let other = preprocessing(imageSize: standard.imageSize)
        return Preprocessing(
            shorterSide: other.shorterSide, imageSize: standard.imageSize, filter: other.filter,
            mean: standard.mean, standardDeviation: standard.standardDeviation,
            applyingOrientation: other.applyingOrientation)
    }
}
