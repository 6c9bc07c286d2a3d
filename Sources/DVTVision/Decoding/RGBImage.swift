/// An 8-bit RGB image.
public struct RGBImage: Sendable, Equatable {
    /// The number of columns.
    public let width: Int
    /// The number of rows.
    public let height: Int
    /// The interleaved samples, row-major, shape `[height, width, 3]`.
    public let pixels: [UInt8]

    /// Creates an image from its samples.
    ///
    /// - Parameters:
    ///   - width: the number of columns, at least 1.
    ///   - height: the number of rows, at least 1.
    ///   - pixels: the samples, shape `[height, width, 3]`.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        precondition(
            pixels.count == width * height * 3,
            "\(pixels.count) samples cannot fill an image of \(width)x\(height) pixels")
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
