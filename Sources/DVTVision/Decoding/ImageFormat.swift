/// A supported file format, identified by the signature.
enum ImageFormat: CaseIterable {
    /// JPEG (JFIF, EXIF or raw).
    case jpeg
    case png
    case webP
    case gif
    case bmp
    #if MoreImageFormats
    case tiff
    case heic
    case avif
    #endif

    /// The number of bytes that identify a format.
    static let signatureLength = 18
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
        } else if bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8) {
            self = .gif
        } else if BMPStructure.isBegun(by: bytes) {
            self = .bmp
        } else if let other = Self.other(bytes) {
            self = other
        } else if bytes.isEmpty {
            throw .empty(path: name)
        } else {
            throw .unknownFormat(path: name, firstBytes: Array(bytes.prefix(Self.startLength)))
        }
    }

    /// A format of the package trait MoreImageFormats.
    private static func other(_ bytes: [UInt8]) -> Self? {
        #if MoreImageFormats
        switch OtherFormat.ofTrait(bytes) {
        case .tiff: .tiff
        case .heic: .heic
        case .avif: .avif
        case nil: nil
        }
        #else
        nil
        #endif
    }

    /// The name in messages.
    var name: String {
        switch self {
        case .jpeg: "JPEG"
        case .png: "PNG"
        case .webP: "WebP"
        case .gif: "GIF"
        case .bmp: "BMP"
        #if MoreImageFormats
        case .tiff: "TIFF"
        case .heic: "HEIC"
        case .avif: "AVIF"
        #endif
        }
    }

    /// The usual endings of file names, in lower case.
    var fileNameEndings: [String] {
        switch self {
        case .jpeg: [".jpg", ".jpeg", ".jpe", ".jfif"]
        case .png: [".png"]
        case .webP: [".webp"]
        case .gif: [".gif"]
        case .bmp: [".bmp", ".dib"]
        #if MoreImageFormats
        case .tiff: [".tif", ".tiff"]
        case .heic: [".heic", ".heif", ".hif"]
        case .avif: [".avif"]
        #endif
        }
    }

    /// The formats as alternatives, such as `JPEG, PNG or WebP`.
    static let alternatives =
        allCases.dropLast().map(\.name).joined(separator: ", ")
        + (allCases.last.map { " or \($0.name)" } ?? "")
}
