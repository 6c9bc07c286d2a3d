/// Decodes JPEG, PNG and WebP files to the pixels of Pillow's `Image.open(p).convert("RGB")`.
///
/// The format is told by the first bytes, never by the file's name. JPEG files of any coding that
/// libjpeg-turbo knows are decoded with its accurate DCT and smooth upsampling; CMYK is converted
/// as Pillow converts it. PNG files may be of any type and depth: transparency is dropped, not
/// blended. 16-bit samples keep their high byte. (Pillow does so too for color and for gray with
/// alpha; plain 16-bit gray it clips at 255, which turns nearly all such images white, and that
/// is not copied.) WebP files may be lossy or lossless; transparency is dropped, and of an
/// animation the first frame is taken.
///
/// A file that is cut short is refused, also where only its end marker is missing; other damage is
/// passed over where Pillow passes over it. No memory is taken for pixels that the file is too
/// short to hold.
public enum ImageDecoder {
    /// The most pixels an image may have: where Pillow stops as well, believing itself attacked.
    public static let pixelLimit = 178_956_970

    /// Decodes a file.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - applyingOrientation: whether the image is turned upright as its EXIF data asks.
    /// - Returns: the image.
    /// - Throws: ``ImageError`` if there is no whole, undamaged image at `path`.
    public static func decode(
        path: String, applyingOrientation: Bool
    ) throws(ImageError) -> RGBImage {
        let bytes = try ImageFileReader.read(path: path)
        return try decode(bytes, name: path, applyingOrientation: applyingOrientation)
    }

    /// Decodes the bytes of a file.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - name: what messages call it.
    ///   - applyingOrientation: whether the image is turned upright as its EXIF data asks.
    /// - Returns: the image.
    /// - Throws: ``ImageError`` if the bytes are not a whole, undamaged image.
    public static func decode(
        _ bytes: [UInt8], name: String, applyingOrientation: Bool
    ) throws(ImageError) -> RGBImage {
        let image: RGBImage
        let exif: Range<Int>?
        switch try ImageFormat(of: bytes, name: name) {
        case .jpeg:
            let structure = try JPEGStructure(bytes, name: name)
            image = try JPEGDecoder.decode(bytes, structure: structure, name: name)
            exif = structure.exif
        case .png:
            let structure = try PNGStructure(bytes, name: name)
            image = try PNGDecoder.decode(bytes, structure: structure, name: name)
            exif = structure.exif
        case .webP:
            let structure = try WebPStructure(bytes, name: name)
            image = try WebPDecoder.decode(bytes, structure: structure, name: name)
            exif = structure.exif
        }
        guard applyingOrientation, let exif else { return image }
        return image.oriented(EXIFOrientation(exif: bytes[exif]))
    }

    /// Refuses a declared size that is too large for anyone, or for this file.
    ///
    /// - Parameters:
    ///   - width: the declared number of columns.
    ///   - height: the declared number of rows.
    ///   - needed: the fewest bytes that can hold such an image.
    ///   - byteCount: the bytes there are.
    ///   - name: what messages call the file.
    /// - Throws: ``ImageError`` if the image must not be decoded.
    static func checkSize(
        width: Int, height: Int, needed: Int, byteCount: Int, name: String
    ) throws(ImageError) {
        guard width * height <= pixelLimit else {
            throw .tooManyPixels(path: name, width: width, height: height, limit: pixelLimit)
        }
        guard needed <= byteCount else {
            throw .unjustifiedSize(
                path: name, width: width, height: height, needed: needed, byteCount: byteCount)
        }
    }
}

/// The formats that are read.
enum ImageFormat {
    /// A JPEG file (JFIF, EXIF or bare).
    case jpeg
    /// A PNG file.
    case png
    /// A WebP file.
    case webP

    /// The most bytes needed to tell the format.
    static let signatureLength = 12

    private static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let jpegSignature: [UInt8] = [0xFF, 0xD8, 0xFF]

    /// Tells the format of a file.
    ///
    /// - Parameters:
    ///   - bytes: the file, or at least its first 12 bytes.
    ///   - name: what messages call it.
    /// - Throws: ``ImageError`` if it is empty or of no known format.
    init(of bytes: [UInt8], name: String) throws(ImageError) {
        if bytes.starts(with: Self.jpegSignature) {
            self = .jpeg
        } else if bytes.starts(with: Self.pngSignature) {
            self = .png
        } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
            self = .webP
        } else if bytes.isEmpty {
            throw .empty(path: name)
        } else {
            throw .unknownFormat(path: name, firstBytes: Array(bytes.prefix(4)))
        }
    }
}
