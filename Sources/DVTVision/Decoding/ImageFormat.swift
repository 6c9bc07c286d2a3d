/// A supported file format, identified by the signature.
enum ImageFormat {
    /// JPEG (JFIF, EXIF or raw).
    case jpeg
    case png
    case webP

    /// The number of bytes that identify a format.
    static let signatureLength = 12
    /// The number of bytes that identify a format, or one that is not supported.
    static let startLength = 32

    private static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let jpegSignature: [UInt8] = [0xFF, 0xD8, 0xFF]

    /// Identifies the format of a file from at least its first ``startLength`` bytes.
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
            throw .unknownFormat(path: name, firstBytes: Array(bytes.prefix(Self.startLength)))
        }
    }
}
