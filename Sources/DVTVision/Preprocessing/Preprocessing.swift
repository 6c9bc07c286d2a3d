import DVTCore

/// How an image becomes the input of a model: resized, cut to a square, and normalized.
///
/// The arithmetic is torchvision's: the shorter side is resized to ``shorterSide`` and the longer
/// one to `shorterSide * longer / shorter`, rounded down; the square of ``imageSize`` begins at
/// half the rest, rounded to nearest, ties to even; and each value is `(x / 255 - mean) / std` in
/// float32, in that order.
public struct Preprocessing: Sendable, Equatable {
    /// The length the shorter side is resized to.
    public let shorterSide: Int
    /// The side of the square that is cut from the center.
    public let imageSize: Int
    /// How pixels are found when the image is resized.
    public let filter: ResizeFilter
    /// What is subtracted from red, green and blue, on a scale of 0 to 1.
    public let mean: SIMD3<Float>
    /// What red, green and blue are divided by after that.
    public let standardDeviation: SIMD3<Float>
    /// Whether the image is turned upright as its EXIF data asks.
    public let applyingOrientation: Bool

    /// Creates a way of preprocessing.
    ///
    /// - Parameters:
    ///   - shorterSide: the length the shorter side is resized to; at least `imageSize`.
    ///   - imageSize: the side of the square that is cut from the center, at least 1.
    ///   - filter: how pixels are found when the image is resized.
    ///   - mean: what is subtracted from red, green and blue, on a scale of 0 to 1.
    ///   - standardDeviation: what red, green and blue are divided by after that.
    ///   - applyingOrientation: whether the image is turned upright as its EXIF data asks.
    public init(
        shorterSide: Int, imageSize: Int, filter: ResizeFilter = .bicubic,
        mean: SIMD3<Float> = imageNetMean,
        standardDeviation: SIMD3<Float> = imageNetStandardDeviation,
        applyingOrientation: Bool = true
    ) {
        precondition(imageSize > 0, "an image has at least one pixel")
        precondition(shorterSide >= imageSize, "the square lies within the resized image")
        self.shorterSide = shorterSide
        self.imageSize = imageSize
        self.filter = filter
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.applyingOrientation = applyingOrientation
    }

    /// The mean of ImageNet's red, green and blue.
    public static let imageNetMean = SIMD3<Float>(0.485, 0.456, 0.406)
    /// The standard deviation of ImageNet's red, green and blue.
    public static let imageNetStandardDeviation = SIMD3<Float>(0.229, 0.224, 0.225)

    /// The shape of one preprocessed image, `[1, 3, imageSize, imageSize]`.
    public var shape: Shape { [1, 3, imageSize, imageSize] }

    /// Preprocesses an image; one decoded with ``applyingOrientation``.
    ///
    /// - Parameter image: the image.
    /// - Returns: its values, shape `[1, 3, imageSize, imageSize]`.
    public func tensor(from image: RGBImage) -> Tensor {
        Tensor(shape, values: values(from: image))
    }

    /// Preprocesses an image into its place in a batch.
    ///
    /// - Parameters:
    ///   - image: the image; one decoded with ``applyingOrientation``.
    ///   - values: the batch; `shape.elementCount` values from `offset` on are overwritten.
    ///   - offset: where the image's values begin.
    public func write(_ image: RGBImage, to values: inout [Float], at offset: Int) {
        precondition(
            offset >= 0 && offset + shape.elementCount <= values.count,
            "\(values.count) values have no room for an image of \(shape) at \(offset)")
        values.withUnsafeMutableBufferPointer { batch in
            normalize(square(of: image), into: batch.baseAddress.map { $0 + offset })
        }
    }

    /// Preprocesses an image.
    ///
    /// - Parameter image: the image.
    /// - Returns: its values, shape `[3, imageSize, imageSize]`.
    func values(from image: RGBImage) -> [Float] {
        normalized(square(of: image))
    }

    /// Normalizes an image of the model's size.
    ///
    /// - Parameter square: `imageSize` by `imageSize` pixels.
    /// - Returns: its values, shape `[3, imageSize, imageSize]`.
    package func normalized(_ square: RGBImage) -> [Float] {
        precondition(
            square.width == imageSize && square.height == imageSize,
            "\(square.width)x\(square.height) pixels are no square of \(imageSize)")
        return [Float](unsafeUninitializedCapacity: shape.elementCount) { values, count in
            normalize(square, into: values.baseAddress)
            count = shape.elementCount
        }
    }

    /// Resizes an image and cuts the square out.
    ///
    /// - Parameters:
    ///   - image: the image.
    ///   - scale: how many pixels stand for one of the model's along each axis, at least 1; more
    ///     show people the same square in more detail.
    /// - Returns: `scale * imageSize` by `scale * imageSize` pixels.
    package func square(of image: RGBImage, scale: Int = 1) -> RGBImage {
        let shorter = min(image.width, image.height)
        let width = shorterSide * image.width / shorter
        let height = shorterSide * image.height / shorter
        return image.resized(
            width: scale * width, height: scale * height, filter: filter,
            columns: center(of: width, scale: scale), rows: center(of: height, scale: scale))
    }

    private func center(of length: Int, scale: Int) -> Range<Int> {
        // Python's round, which torchvision calls, takes ties to even.
        let start = Int((Double(length - imageSize) / 2).rounded(.toNearestOrEven))
        return scale * start..<scale * (start + imageSize)
    }

    /// Writes one plane after the other.
    private func normalize(_ square: RGBImage, into values: UnsafeMutablePointer<Float>?) {
        guard let values else { return }
        let pixelCount = imageSize * imageSize
        square.pixels.withUnsafeBufferPointer { pixels in
            for channel in 0..<3 {
                // 256 quotients instead of one for each pixel; the values are the same.
                let levels = (0...255).map { level in
                    (Float(level) / 255 - mean[channel]) / standardDeviation[channel]
                }
                let plane = values + channel * pixelCount
                levels.withUnsafeBufferPointer { levels in
                    for pixel in 0..<pixelCount {
                        plane[pixel] = levels[Int(pixels[3 * pixel + channel])]
                    }
                }
            }
        }
    }
}
