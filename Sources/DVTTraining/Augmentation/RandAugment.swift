import DVTSupport
internal import DVTVision

/// RandAugment: random color and geometry operations on each image.
///
/// As in timm's `rand-m9-mstd0.5-inc1`, each layer draws one of fifteen operations, whether to
/// apply it, and its strength. The operations are Pillow's AutoContrast, Equalize, Invert, Rotate,
/// Posterize, Solarize, SolarizeAdd, Color, Contrast, Brightness, Sharpness, ShearX, ShearY,
/// TranslateX and TranslateY; the strength of all but the first three increases with the magnitude.
///
/// - SeeAlso: Cubuk et al., 2019, <https://arxiv.org/abs/1909.13719>; timm's `auto_augment.py`.
package struct RandAugment: Hashable, Sendable {
    /// The number of operations drawn per image.
    package var layers: Int
    /// The mean magnitude, from 0 to 10.
    package var magnitude: Double
    /// The standard deviation of the magnitude, which is clamped to 0...10.
    package var magnitudeDeviation: Double
    /// The probability that a drawn operation is applied, from 0 to 1.
    package var probability: Double

    /// Creates a RandAugment configuration.
    ///
    /// - Parameters:
    ///   - layers: the number of operations drawn per image.
    ///   - magnitude: the mean magnitude, from 0 to 10.
    ///   - magnitudeDeviation: the standard deviation of the magnitude.
    ///   - probability: the probability that a drawn operation is applied.
    package init(
        layers: Int = 2, magnitude: Double = 9, magnitudeDeviation: Double = 0.5,
        probability: Double = 0.5
    ) {
        self.layers = layers
        self.magnitude = magnitude
        self.magnitudeDeviation = magnitudeDeviation
        self.probability = probability
    }

    /// Draws the operations for an image.
    func operations(random: inout SeededGenerator) -> [ImageOperation] {
        (0..<layers).compactMap { _ in
            let kind = ImageOperation.Kind.allCases[
                random.next(below: ImageOperation.Kind.allCases.count)]
            let isApplied = random.unit() < probability
            let drawn = magnitude + magnitudeDeviation * random.normal()
            let isNegative = random.coin()
            guard isApplied else { return nil }
            return ImageOperation(
                kind, level: max(0, min(drawn, 10)) / 10, isNegative: isNegative)
        }
    }
}
