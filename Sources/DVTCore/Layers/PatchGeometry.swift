/// The kernel, stride and padding with which a convolution splits an image into patches.
public struct PatchGeometry: Hashable, Sendable {
    /// The side of a patch in pixels.
    public let kernel: Int
    /// The step between patches in pixels.
    public let stride: Int
    /// The zero padding on each side in pixels.
    public let padding: Int

    /// Creates a geometry.
    ///
    /// - Parameters:
    ///   - kernel: the side of a patch.
    ///   - stride: the step between patches; nil means `kernel`.
    ///   - padding: the zero padding on each side.
    public init(kernel: Int, stride: Int? = nil, padding: Int = 0) {
        self.kernel = kernel
        self.stride = stride ?? kernel
        self.padding = padding
    }

    /// The side of the token grid of an image; 0 if no patch fits.
    ///
    /// - Parameter size: the side of the image in pixels.
    /// - Returns: `(size + 2 padding - kernel) / stride + 1`.
    public func gridSize(imageSize size: Int) -> Int {
        let span = size + 2 * padding - kernel
        return span < 0 || stride < 1 ? 0 : span / stride + 1
    }
}
