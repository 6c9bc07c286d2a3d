import DVTCore
public import DVTModel

/// The conversion of an image to a model input: resize, center crop and normalization.
///
/// The arithmetic is torchvision's. The shorter side is resized to ``shorterSide`` and the longer
/// one to `shorterSide * longer / shorter`, rounded down. The crop of ``imageSize`` starts at half
/// the remainder, rounded to nearest, ties to even. Each value is `(x / 255 - mean) / std` in
/// float32, in that order.
public struct Preprocessing: Sendable, Equatable {
    /// The length of the shorter side after resizing.
    public let shorterSide: Int
    /// The side of the center crop.
    public let imageSize: Int
    /// The resampling filter.
    public let filter: ResizeFilter
    /// The mean of red, green and blue on a scale of 0 to 1, subtracted first.
    public let mean: SIMD3<Float>
    /// The standard deviation of red, green and blue, by which the difference is divided.
    public let standardDeviation: SIMD3<Float>
    /// How files are decoded.
    public var decoding: DecodingOptions
    /// How an image that is not square becomes one; the arithmetic above is that of the center crop.
    public let crop: CropMode

    /// Creates a preprocessing configuration.
    ///
    /// - Parameters:
    ///   - shorterSide: the length of the shorter side after resizing; at least `imageSize`.
    ///   - imageSize: the side of the center crop, at least 1.
    ///   - filter: the resampling filter.
    ///   - mean: the mean of red, green and blue, on a scale of 0 to 1.
    ///   - standardDeviation: the standard deviation of red, green and blue.
    ///   - applyingOrientation: whether to apply the EXIF orientation.
    ///   - crop: how an image that is not square becomes one; `shorterSide` is the length of both
    ///     sides for ``/DVTModel/CropMode/squash`` and of the longer one for ``/DVTModel/CropMode/pad``.
    public init(
        shorterSide: Int, imageSize: Int, filter: ResizeFilter = .bicubic,
        mean: SIMD3<Float> = imageNetMean,
        standardDeviation: SIMD3<Float> = imageNetStandardDeviation,
        applyingOrientation: Bool = true, crop: CropMode = .center
    ) {
        precondition(imageSize > 0, "an image has at least one pixel")
        precondition(shorterSide >= imageSize, "the crop lies within the resized image")
        self.shorterSide = shorterSide
        self.imageSize = imageSize
        self.filter = filter
        self.mean = mean
        self.standardDeviation = standardDeviation
        decoding = DecodingOptions(applyingOrientation: applyingOrientation)
        self.crop = crop
    }

    /// Whether the EXIF orientation is applied.
    public var applyingOrientation: Bool { decoding.applyingOrientation }

    /// The channel means of ImageNet.
    public static let imageNetMean = SIMD3<Float>(0.485, 0.456, 0.406)
    /// The channel standard deviations of ImageNet.
    public static let imageNetStandardDeviation = SIMD3<Float>(0.229, 0.224, 0.225)

    /// The shape of a model input, `[1, 3, imageSize, imageSize]`.
    public var shape: Shape { [1, 3, imageSize, imageSize] }

    /// Preprocesses a decoded image.
    ///
    /// - Parameter image: an image decoded with ``applyingOrientation``.
    /// - Returns: the model input, shape `[1, 3, imageSize, imageSize]`.
    public func tensor(from image: RGBImage) -> Tensor {
        Tensor(shape, values: values(from: image))
    }

    /// Preprocesses a decoded image into a batch.
    ///
    /// - Parameters:
    ///   - image: an image decoded with ``applyingOrientation``.
    ///   - values: the batch; `shape.elementCount` values from `offset` on are overwritten.
    ///   - offset: the index of the first value of the image.
    public func write(_ image: RGBImage, to values: inout [Float], at offset: Int) {
        precondition(
            offset >= 0 && offset + shape.elementCount <= values.count,
            "\(values.count) values cannot hold an image of \(shape) at \(offset)")
        values.withUnsafeMutableBufferPointer { batch in
            normalize(square(of: image), into: batch.baseAddress.map { $0 + offset })
        }
    }

    /// The preprocessed values, shape `[3, imageSize, imageSize]`.
    func values(from image: RGBImage) -> [Float] {
        normalized(square(of: image))
    }

    /// Normalizes an image of `imageSize` by `imageSize` pixels.
    ///
    /// - Parameter square: the cropped image.
    /// - Returns: the values, shape `[3, imageSize, imageSize]`.
    package func normalized(_ square: RGBImage) -> [Float] {
        precondition(
            square.width == imageSize && square.height == imageSize,
            "\(square.width)x\(square.height) pixels are not a square of \(imageSize)")
        return [Float](unsafeUninitializedCapacity: shape.elementCount) { values, count in
            normalize(square, into: values.baseAddress)
            count = shape.elementCount
        }
    }

    /// Writes the three planes in order.
    private func normalize(_ square: RGBImage, into values: UnsafeMutablePointer<Float>?) {
        guard let values else { return }
        let pixelCount = imageSize * imageSize
        square.pixels.withUnsafeBufferPointer { pixels in
            for channel in 0..<3 {
                // A table of 256 quotients; the values equal those of one division per pixel.
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
