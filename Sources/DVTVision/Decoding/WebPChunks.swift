/// A chunk of a WebP file.
struct WebPChunk {
    /// The samples of an image with loss (VP8).
    static let lossy = fourCharacters("VP8 ")
    /// The samples of an image without loss (VP8L).
    static let lossless = fourCharacters("VP8L")
    /// The header of a file that has more than samples.
    static let extended = fourCharacters("VP8X")
    /// A frame of an animation, which holds chunks itself.
    static let animationFrame = fourCharacters("ANMF")
    /// EXIF data.
    static let exifData = fourCharacters("EXIF")

    /// Its four characters, the first one lowest.
    let type: UInt32
    /// What it holds, without header and padding.
    let content: Range<Int>
    /// Its header and what it holds.
    var whole: Range<Int> { content.lowerBound - WebPChunks.headerByteCount..<content.upperBound }

    private static func fourCharacters(_ name: StaticString) -> UInt32 {
        (0..<4).reversed().reduce(0) { $0 << 8 | UInt32(name.utf8Start[$1]) }
    }
}

/// The chunks of a WebP file, or of a frame in it, one after the other.
///
/// A chunk is four characters, a length, that many bytes, and one more if their number is odd.
struct WebPChunks {
    /// The characters and the length.
    static let headerByteCount = 8

    private let bytes: [UInt8]
    private let name: String
    private var rest: Range<Int>

    /// Begins with the first chunk of a file.
    ///
    /// What follows the length that the file declares for itself is no part of it.
    ///
    /// - Parameters:
    ///   - bytes: the whole file; it begins with the signature.
    ///   - name: what messages call it.
    /// - Throws: ``ImageError`` if the file is shorter than it declares.
    init(_ bytes: [UInt8], name: String) throws(ImageError) {
        let end = Self.headerByteCount + Int(bytes.littleEndian32(at: 4))
        guard end <= bytes.count else {
            throw .truncated(path: name, byteCount: bytes.count)
        }
        guard end >= ImageFormat.signatureLength else {
            throw .damaged(path: name, format: "WebP", reason: "it declares \(end) bytes")
        }
        self.init(bytes, in: ImageFormat.signatureLength..<end, name: name)
    }

    /// Begins with the first chunk in a part of a file.
    init(_ bytes: [UInt8], in range: Range<Int>, name: String) {
        self.bytes = bytes
        self.name = name
        rest = range
    }

    /// The next chunk, or nil after the last one.
    ///
    /// - Throws: ``ImageError`` if the chunk reaches past the end.
    mutating func next() throws(ImageError) -> WebPChunk? {
        guard !rest.isEmpty else { return nil }
        guard rest.count >= Self.headerByteCount else {
            throw .damaged(path: name, format: "WebP", reason: "a chunk without a length")
        }
        let start = rest.lowerBound + Self.headerByteCount
        let length = Int(bytes.littleEndian32(at: start - 4))
        let padded = length + length % 2
        let left = rest.upperBound - start
        guard padded <= left else {
            throw .damaged(
                path: name, format: "WebP", reason: "a chunk of \(padded) bytes where \(left) are")
        }
        let type = bytes.littleEndian32(at: rest.lowerBound)
        rest = start + padded..<rest.upperBound
        return WebPChunk(type: type, content: start..<start + length)
    }
}

extension [UInt8] {
    /// Reads a number of three bytes, least significant first.
    ///
    /// - Parameter offset: where it begins; all three bytes must be there.
    /// - Returns: the number.
    func littleEndian24(at offset: Int) -> Int {
        Int(self[offset]) | Int(self[offset + 1]) << 8 | Int(self[offset + 2]) << 16
    }

    /// Reads a number of four bytes, least significant first.
    ///
    /// - Parameter offset: where it begins; all four bytes must be there.
    /// - Returns: the number.
    func littleEndian32(at offset: Int) -> UInt32 {
        UInt32(littleEndian24(at: offset)) | UInt32(self[offset + 3]) << 24
    }
}
