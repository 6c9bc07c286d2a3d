/// The coded image data of a WebP file: one chunk and its position on the canvas.
struct WebPFrame {
    /// The reason given for a file without image data.
    static let missing = "it holds no image"

    let width: Int
    let height: Int
    /// The horizontal offset on the canvas.
    let left: Int
    /// The vertical offset on the canvas.
    let top: Int
    let chunk: WebPChunk

    private var isLossless: Bool { chunk.type == WebPChunk.lossless }

    /// Reads the size from the header of the image data.
    ///
    /// - Throws: ``ImageError`` if `chunk` holds no image data or its header is damaged.
    init(
        _ bytes: [UInt8], _ chunk: WebPChunk, left: Int = 0, top: Int = 0, name: String
    ) throws(ImageError) {
        guard Self.isCodedIn(chunk) else {
            throw .damaged(
                path: name, format: "WebP", reason: "its first chunk holds no image data")
        }
        let content = bytes[chunk.content]
        let size = chunk.type == WebPChunk.lossless ? Self.lossless(content) : Self.lossy(content)
        guard let size else {
            throw .damaged(
                path: name, format: "WebP", reason: "its image data has an invalid header")
        }
        guard size.width > 0, size.height > 0 else {
            throw .damaged(
                path: name, format: "WebP",
                reason: "it declares \(size.width)x\(size.height) pixels")
        }
        (width, height) = size
        (self.left, self.top, self.chunk) = (left, top, chunk)
    }

    /// Whether a chunk holds image data; alpha chunks are ignored.
    static func isCodedIn(_ chunk: WebPChunk) -> Bool {
        chunk.type == WebPChunk.lossy || chunk.type == WebPChunk.lossless
    }

    /// The minimum byte count of image data of this size.
    ///
    /// Lossy images are coded in 16x16 macroblocks. Each codes its luma and chroma prediction modes
    /// with fixed probabilities (RFC 6386, 11.2), at least 3.4 bits. Lossless coding has no
    /// minimum.
    var fewestBytes: Int {
        isLossless ? 0 : (width + 15) / 16 * ((height + 15) / 16) * 3 / 8
    }

    /// RFC 6386, 9.1: a 3-byte frame tag, a 3-byte start code, then width and height, each with a
    /// 2-bit scale that decoders ignore.
    private static func lossy(_ content: ArraySlice<UInt8>) -> (width: Int, height: Int)? {
        let bytes = Array(content.prefix(10))
        guard bytes.count == 10, bytes[0] & 1 == 0, bytes[3...5] == [0x9D, 0x01, 0x2A] else {
            return nil
        }
        let extents = [6, 8].map { (Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8) & 0x3FFF }
        return (extents[0], extents[1])
    }

    /// RFC 9649, 3.4: a signature byte, then width - 1 and height - 1 in 14 bits each.
    private static func lossless(_ content: ArraySlice<UInt8>) -> (width: Int, height: Int)? {
        let bytes = Array(content.prefix(5))
        guard bytes.count == 5, bytes[0] == 0x2F else { return nil }
        let bits = (1...4).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
        return (bits & 0x3FFF + 1, bits >> 14 & 0x3FFF + 1)
    }
}
