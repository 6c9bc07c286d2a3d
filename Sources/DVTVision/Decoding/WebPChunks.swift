/// A chunk of a WebP file.
struct WebPChunk {
    /// Lossy image data.
    static let lossy = fourCharacters("VP8 ")
    /// Lossless image data.
    static let lossless = fourCharacters("VP8L")
    /// The header of a file in the extended format.
    static let extended = fourCharacters("VP8X")
    /// An animation frame, which contains chunks itself.
    static let animationFrame = fourCharacters("ANMF")
    static let exifData = fourCharacters("EXIF")

    /// The FourCC, least significant byte first.
    let type: UInt32
    /// The payload, without header and padding.
    let content: Range<Int>
    /// The header and the payload.
    var whole: Range<Int> { content.lowerBound - WebPChunks.headerByteCount..<content.upperBound }

    private static func fourCharacters(_ name: StaticString) -> UInt32 {
        (0..<4).reversed().reduce(0) { $0 << 8 | UInt32(name.utf8Start[$1]) }
    }
}

/// Iterates over the chunks of a WebP file or of a frame in it.
///
/// A chunk is a FourCC, a length and a payload, padded to an even number of bytes.
struct WebPChunks {
    /// The bytes of the FourCC and the length.
    static let headerByteCount = 8
    /// The bytes of `RIFF`, the length and `WEBP`.
    private static let fileHeaderByteCount = 12

    /// Whether the file is shorter than it declares.
    let isTruncated: Bool
    private let bytes: [UInt8]
    private let name: String
    private var rest: Range<Int>

    /// Starts at the first chunk of a complete file.
    ///
    /// Bytes beyond the declared file length are ignored.
    ///
    /// - Throws: ``ImageError`` if the file is shorter than it declares, and that is not accepted.
    init(_ bytes: [UInt8], name: String, truncation: TruncationRule) throws(ImageError) {
        let declared = Self.headerByteCount + Int(bytes.littleEndian32(at: 4))
        isTruncated = declared > bytes.count
        guard !isTruncated || truncation == .use else {
            throw .truncated(path: name, byteCount: bytes.count)
        }
        let end = min(declared, bytes.count)
        guard end >= Self.fileHeaderByteCount else {
            throw .damaged(path: name, format: "WebP", reason: "it declares \(end) bytes")
        }
        self.bytes = bytes
        self.name = name
        rest = Self.fileHeaderByteCount..<end
    }

    /// Starts at the first chunk in a range of the file.
    init(_ bytes: [UInt8], in range: Range<Int>, name: String) {
        self.bytes = bytes
        self.name = name
        rest = range
        isTruncated = false
    }

    /// Returns the next chunk, or nil after the last one.
    ///
    /// - Throws: ``ImageError`` if the chunk extends past the end; in a truncated file it is
    ///   ``ImageError/truncated(path:byteCount:)``.
    mutating func next() throws(ImageError) -> WebPChunk? {
        guard !rest.isEmpty else { return nil }
        guard rest.count >= Self.headerByteCount else {
            if isTruncated { throw .truncated(path: name, byteCount: bytes.count) }
            throw .damaged(path: name, format: "WebP", reason: "a chunk header is incomplete")
        }
        let start = rest.lowerBound + Self.headerByteCount
        let length = Int(bytes.littleEndian32(at: start - 4))
        let padded = length + length % 2
        let left = rest.upperBound - start
        guard padded <= left else {
            if isTruncated { throw .truncated(path: name, byteCount: bytes.count) }
            throw .damaged(
                path: name, format: "WebP",
                reason: "a chunk of \(padded) bytes with only \(left) left")
        }
        let type = bytes.littleEndian32(at: rest.lowerBound)
        rest = start + padded..<rest.upperBound
        return WebPChunk(type: type, content: start..<start + length)
    }
}
