/// The preprocessing of images for a model.
///
/// The shorter side is resized to `imageSize / cropFraction`, rounded down, unless ``crop`` says
/// otherwise; a central square of the model's image size is cropped; each value x becomes `(x / 255 - mean) / standardDeviation`.
public struct ImageNormalization: Hashable, Sendable {
    /// The interpolation used for resizing.
    public enum Interpolation: String, Sendable, CaseIterable {
        /// Over 4 x 4 pixels, like PIL's BICUBIC.
        case bicubic
        /// Over 2 x 2 pixels, like PIL's BILINEAR.
        case bilinear
    }

    /// The mean of red, green and blue, on a scale of 0 to 1.
    public var mean: SIMD3<Float>
    /// The standard deviation of red, green and blue, on a scale of 0 to 1.
    public var standardDeviation: SIMD3<Float>
    /// The fraction of the shorter side that is kept, 0.1 to 1.
    public var cropFraction: Double
    /// The interpolation used for resizing.
    public var interpolation = Interpolation.bicubic
    /// How an image that is not square becomes one.
    public var crop = CropMode.center

    /// Below 0.1 the resized image would have more than 100 times the pixels of the crop.
    static let cropFractions = 0.1...1

    /// Creates a normalization with bicubic resizing.
    ///
    /// - Parameters:
    ///   - mean: the mean of red, green and blue, on a scale of 0 to 1.
    ///   - standardDeviation: the standard deviation of red, green and blue.
    ///   - cropFraction: the fraction of the shorter side that is kept.
    public init(
        mean: SIMD3<Float>, standardDeviation: SIMD3<Float>, cropFraction: Double
    ) {
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.cropFraction = cropFraction
    }

    /// ImageNet's mean and deviation with a crop of 224 from 256, as in the authors' evaluation.
    public static let imageNet = Self(
        mean: SIMD3(0.485, 0.456, 0.406), standardDeviation: SIMD3(0.229, 0.224, 0.225),
        cropFraction: 0.875)

    /// The normalization of timm's evaluation of a plain ViT or DeiT.
    ///
    /// - Parameters:
    ///   - name: the model's name, see ``VisionTransformerConfiguration/plain(_:)``.
    ///   - imageSize: the side of its input in pixels.
    /// - Returns: a mean and deviation of 0.5 for a ViT and ImageNet's for a DeiT; a crop fraction
    ///   of 0.9 up to 224 pixels and 1 above.
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
