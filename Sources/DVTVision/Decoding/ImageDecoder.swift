/// Decodes image files to the pixels of Pillow's `Image.open(p).convert("RGB")`.
///
/// The signature identifies the format; the file name is ignored.
///
/// - JPEG: every coding libjpeg-turbo supports, with its accurate DCT and smooth upsampling. CMYK
///   is converted as in Pillow.
/// - PNG: every color type and depth. Transparency is dropped, not blended. 16-bit samples keep
///   their high byte. Pillow does the same for color and for gray with alpha, but clips plain
///   16-bit gray at 255, which turns nearly every such image white; this decoder does so only
///   where ``DecodingOptions/gray16`` asks for it.
/// - WebP: lossy and lossless. Transparency is dropped; the first frame of an animation is used.
/// - GIF: the first frame. Transparency is dropped.
/// - BMP: 1 to 32 bits per pixel, with masks or runs too. Transparency is dropped.
/// - With the package trait `MoreImageFormats`, TIFF: gray, RGB, palettes and CMYK of up to 16 bits,
///   turned as the file says; and HEIC and AVIF.
///
/// A truncated file is an error even if only its end marker is missing, unless
/// ``DecodingOptions/truncation`` says otherwise. Other damage is tolerated where Pillow tolerates
/// it. Pixel memory is allocated only if the file is long enough to hold the declared size.
public enum ImageDecoder {
    /// The largest accepted number of pixels, equal to Pillow's decompression bomb limit.
    public static let pixelLimit = 178_956_970

    /// Decodes a file.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - applyingOrientation: whether to apply the EXIF orientation.
    /// - Returns: the decoded image.
    /// - Throws: ``ImageError`` if `path` is not a complete, undamaged image.
    public static func decode(
        path: String, applyingOrientation: Bool
    ) throws(ImageError) -> RGBImage {
        try decode(
            path: path, options: DecodingOptions(applyingOrientation: applyingOrientation)
        ).image
    }

    /// Decodes a file.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - options: how to decode it.
    /// - Returns: the decoded image.
    /// - Throws: ``ImageError`` if `path` is not an image that the options accept.
    public static func decode(
        path: String, options: DecodingOptions
    ) throws(ImageError) -> DecodedImage {
        let bytes = try ImageFileReader.read(path: path)
        return try decode(bytes, name: path, options: options)
    }

    /// Decodes the contents of a file.
    ///
    /// - Parameters:
    ///   - bytes: the complete file.
    ///   - name: the name of the image in error messages.
    ///   - applyingOrientation: whether to apply the EXIF orientation.
    /// - Returns: the decoded image.
    /// - Throws: ``ImageError`` if `bytes` is not a complete, undamaged image.
    public static func decode(
        _ bytes: [UInt8], name: String, applyingOrientation: Bool
    ) throws(ImageError) -> RGBImage {
        try decode(
            bytes, name: name, options: DecodingOptions(applyingOrientation: applyingOrientation)
        ).image
    }

    /// Decodes the contents of a file.
    ///
    /// - Parameters:
    ///   - bytes: the file.
    ///   - name: the name of the image in messages.
    ///   - options: how to decode it.
    /// - Returns: the decoded image.
    /// - Throws: ``ImageError`` if `bytes` are not an image that the options accept.
    public static func decode(
        _ bytes: [UInt8], name: String, options: DecodingOptions
    ) throws(ImageError) -> DecodedImage {
        let stored = try decodeAsStored(bytes, name: name, options: options)
        return DecodedImage(
            image: options.applyingOrientation
                ? stored.image.oriented(stored.orientation) : stored.image,
            incomplete: stored.missing.map { IncompleteImage(path: name, missing: $0) })
    }

    /// The image before its orientation is applied, what it lacks, and its orientation.
    private typealias Stored = (
        image: RGBImage, missing: IncompleteImage.Missing?, orientation: EXIFOrientation
    )

    private static func decodeAsStored(
        _ bytes: [UInt8], name: String, options: DecodingOptions
    ) throws(ImageError) -> Stored {
        let rule = options.truncation
        func orientation(_ exif: Range<Int>?) -> EXIFOrientation {
            exif.map { EXIFOrientation(exif: bytes[$0]) } ?? .upright
        }
        switch try ImageFormat(of: bytes, name: name) {
        case .jpeg:
            let structure = try JPEGStructure(bytes, name: name, truncation: rule)
            let (image, missing) = try JPEGDecoder.decode(bytes, structure: structure, name: name)
            return (image, missing, orientation(structure.exif))
        case .png:
            let structure = try PNGStructure(bytes, name: name, truncation: rule)
            let (image, missing) = try PNGDecoder.decode(
                bytes, structure: structure, gray16: options.gray16, name: name)
            return (image, missing, orientation(structure.exif))
        case .webP:
            let structure = try WebPStructure(bytes, name: name, truncation: rule)
            let image = try WebPDecoder.decode(bytes, structure: structure, name: name)
            return (
                image, structure.isTruncated ? .endMarker : nil, orientation(structure.exif)
            )
        case .gif:
            let structure = try GIFStructure(bytes, name: name, truncation: rule)
            let (image, missing) = try GIFDecoder.decode(bytes, structure: structure, name: name)
            return (image, missing, .upright)
        case .bmp:
            let structure = try BMPStructure(bytes, name: name, truncation: rule)
            let (image, missing) = try BMPDecoder.decode(
                bytes, structure: structure, name: name, truncation: rule)
            return (image, missing, .upright)
        #if MoreImageFormats
        case .tiff:
            let image = try TIFFDecoder.decode(bytes, gray16: options.gray16, name: name)
            return (image, nil, .upright)
        case .heic:
            return (try HEICDecoder.decode(bytes, name: name), nil, .upright)
        case .avif:
            let (image, orientation) = try AVIFDecoder.decode(bytes, name: name)
            return (image, nil, orientation)
        #endif
        }
    }

    /// Throws if a declared size exceeds ``pixelLimit``, or if `byteCount` bytes are fewer than the
    /// `needed` ones.
    static func checkSize(
        width: Int, height: Int, needed: Int, byteCount: Int, name: String
    ) throws(ImageError) {
        let (pixelCount, overflows) = width.multipliedReportingOverflow(by: height)
        guard !overflows, pixelCount <= pixelLimit else {
            throw .tooManyPixels(path: name, width: width, height: height, limit: pixelLimit)
        }
        guard needed <= byteCount else {
            throw .unjustifiedSize(
                path: name, width: width, height: height, needed: needed, byteCount: byteCount)
        }
    }

    /// The fewest bytes that justify a declared size in a coding that bounds only large images.
    ///
    /// Uniform images take next to no bytes, so a constant allows every image of up to 2^24 pixels.
    ///
    /// - Parameters:
    ///   - width: the width.
    ///   - height: the height.
    ///   - pixelsPerByte: the pixels that a byte may stand for.
    /// - Returns: the bytes, for ``checkSize(width:height:needed:byteCount:name:)``.
    static func fewestBytes(width: Int, height: Int, pixelsPerByte: Int = 4096) -> Int {
        let (pixelCount, overflows) = width.multipliedReportingOverflow(by: height)
        guard !overflows else { return .max }
        return pixelCount <= 1 << 24 ? 0 : pixelCount / pixelsPerByte
    }
}
