/// How images become a model's input: what its weights were trained on.
///
/// The shorter side is resized to `imageSize / cropFraction`, rounded down; the square of the
/// model's image size is cut from the center; each value is `(x / 255 - mean) / deviation`.
public struct ImageNormalization: Hashable, Sendable {
    /// How pixels are found when an image is resized.
    public enum Interpolation: String, Sendable, CaseIterable {
        /// Over 4 x 4 pixels, as PIL's BICUBIC.
        case bicubic
        /// Over 2 x 2 pixels, as PIL's BILINEAR.
        case bilinear
    }

    /// What is subtracted from red, green and blue, on a scale of 0 to 1.
    public var mean: SIMD3<Float>
    /// What red, green and blue are divided by after that.
    public var standardDeviation: SIMD3<Float>
    /// The part of the shorter side that is kept, above 0 and at most 1.
    public var cropFraction: Double
    /// How pixels are found when an image is resized.
    public var interpolation = Interpolation.bicubic

    /// Creates a normalization with bicubic resizing.
    ///
    /// - Parameters:
    ///   - mean: of red, green and blue, on a scale of 0 to 1.
    ///   - standardDeviation: of red, green and blue.
    ///   - cropFraction: the part of the shorter side that is kept.
    public init(
        mean: SIMD3<Float>, standardDeviation: SIMD3<Float>, cropFraction: Double
    ) {
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.cropFraction = cropFraction
    }

    /// ImageNet's mean and deviation and a crop of 224 of 256, as the authors evaluate.
    public static let imageNet = Self(
        mean: SIMD3(0.485, 0.456, 0.406), standardDeviation: SIMD3(0.229, 0.224, 0.225),
        cropFraction: 0.875)

    /// What timm evaluates a plain ViT or DeiT with.
    ///
    /// - Parameters:
    ///   - name: the model's name, see ``VisionTransformerConfiguration/plain(_:)``.
    ///   - imageSize: the side of its input, pixels.
    /// - Returns: a mean and deviation of 0.5 for a ViT and ImageNet's for a DeiT; a crop of 0.9 at
    ///   224 pixels and the whole at more.
    static func plain(_ name: String, imageSize: Int) -> Self {
        var normalization = imageNet
        normalization.cropFraction = imageSize > 224 ? 1 : 0.9
        if name.split(separator: "/").last?.hasPrefix("vit") == true {
            normalization.mean = SIMD3(repeating: 0.5)
            normalization.standardDeviation = SIMD3(repeating: 0.5)
        }
        return normalization
    }
}
