import DVTCore
public import DVTModel

extension Preprocessing {
    /// Creates the preprocessing that a model card specifies.
    ///
    /// - Parameters:
    ///   - card: the card of the model.
    ///   - applyingOrientation: whether to apply the EXIF orientation.
    /// - Throws: ``/DVTModel/ModelError/invalidConfiguration(name:reason:)`` if the model does not
    ///   have three input channels.
    public init(_ card: ModelCard, applyingOrientation: Bool = true) throws {
        let shape = card.configuration.imageShape(batch: 1)
        guard shape[1] == 3 else {
            throw ModelError.invalidConfiguration(
                name: card.configuration.name,
                reason: "it takes \(shape[1]) channels, and images have red, green and blue")
        }
        let normalization = card.normalization
        self.init(
            shorterSide: Int(Double(shape[3]) / normalization.cropFraction), imageSize: shape[3],
            filter: normalization.interpolation == .bicubic ? .bicubic : .bilinear,
            mean: normalization.mean,
            standardDeviation: normalization.standardDeviation,
            applyingOrientation: applyingOrientation, crop: normalization.crop)
    }
}
