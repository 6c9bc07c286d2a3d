/// How a convolution cuts an image into patches.
public struct PatchGeometry: Hashable, Sendable {
    /// The side of a patch, pixels.
    public let kernel: Int
    /// The step between patches, pixels.
    public let stride: Int
    /// Zero pixels added on every side.
    public let padding: Int

    /// Creates a geometry.
    ///
    /// - Parameters:
    ///   - kernel: the side of a patch.
    ///   - stride: the step between patches; nil means `kernel`.
    ///   - padding: zero pixels added on every side.
    public init(kernel: Int, stride: Int? = nil, padding: Int = 0) {
        self.kernel = kernel
        self.stride = stride ?? kernel
        self.padding = padding
    }

    /// The side of the token grid that an image of `size` pixels gives; 0 if no patch fits.
    ///
    /// - Parameter size: the image's side, pixels.
    /// - Returns: `(size + 2 padding - kernel) / stride + 1`.
    public func gridSize(imageSize size: Int) -> Int {
        let span = size + 2 * padding - kernel
        return span < 0 || stride < 1 ? 0 : span / stride + 1
    }
}
