/// An image of a set and its class; the file is not read yet.
public struct LabeledImage: Sendable {
    /// The class, from 0.
    public let label: Int
    let location: ImageLocation

    /// The path of the file; for a record of an archive followed by its index in brackets.
    public var name: String { location.name }

    /// Decodes the image.
    ///
    /// - Parameter applyingOrientation: whether to apply the EXIF orientation.
    /// - Returns: the decoded image.
    /// - Throws: ``ImageError`` if the image is missing, incomplete or damaged.
    public func decode(applyingOrientation: Bool) throws(ImageError) -> RGBImage {
        try decode(DecodingOptions(applyingOrientation: applyingOrientation)).image
    }

    /// Decodes the image.
    ///
    /// - Parameter options: how to decode it.
    /// - Returns: the decoded image.
    /// - Throws: ``ImageError`` if the options do not accept the image.
    package func decode(_ options: DecodingOptions) throws(ImageError) -> DecodedImage {
        try location.decode(options)
    }
}
