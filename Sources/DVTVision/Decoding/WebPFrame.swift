/// The coded samples of a WebP image: one chunk, and where on the canvas they belong.
struct WebPFrame {
    /// What a file without one is told.
    static let missing = "it holds no image"

    /// The number of columns.
    let width: Int
    /// The number of rows.
    let height: Int
    /// The columns of the canvas to the left of it.
    let left: Int
    /// The rows of the canvas above it.
    let top: Int
    /// The samples.
    let chunk: WebPChunk

    private var isLossless: Bool { chunk.type == WebPChunk.lossless }

    /// Reads the size that the samples begin with.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - chunk: the chunk of the samples.
    ///   - left: the columns of the canvas to the left of it.
    ///   - top: the rows of the canvas above it.
    ///   - name: what messages call the file.
    /// - Throws: ``ImageError`` if the chunk holds no samples, or their header is damaged.
    init(
        _ bytes: [UInt8], _ chunk: WebPChunk, left: Int = 0, top: Int = 0, name: String
    ) throws(ImageError) {
        guard Self.isCodedIn(chunk) else {
            throw .damaged(path: name, format: "WebP", reason: "its first chunk is no image")
        }
        let content = bytes[chunk.content]
        let size = chunk.type == WebPChunk.lossless ? Self.lossless(content) : Self.lossy(content)
        guard let size else {
            throw .damaged(path: name, format: "WebP", reason: "the header of its samples")
        }
        guard size.width > 0, size.height > 0 else {
            throw .damaged(
                path: name, format: "WebP",
                reason: "it declares \(size.width)x\(size.height) pixels")
        }
        (width, height) = size
        (self.left, self.top, self.chunk) = (left, top, chunk)
    }

    /// Whether a chunk holds samples; those of alpha are not read.
    static func isCodedIn(_ chunk: WebPChunk) -> Bool {
        chunk.type == WebPChunk.lossy || chunk.type == WebPChunk.lossless
    }

    /// The fewest bytes of samples that can hold such an image.
    ///
    /// A lossy image is coded in blocks of 16x16 pixels, each of which names the predictions of
    /// its luma and chroma with fixed probabilities (RFC 6386, 11.2): at best 3.4 bits. Lossless
    /// coding can do without any.
    var fewestBytes: Int {
        isLossless ? 0 : (width + 15) / 16 * ((height + 15) / 16) * 3 / 8
    }

    /// RFC 6386, 9.1: three bytes of a tag, three of a start code, then both extents, each with
    /// two bits of a scale that nobody heeds.
    private static func lossy(_ content: ArraySlice<UInt8>) -> (width: Int, height: Int)? {
        let bytes = Array(content.prefix(10))
        guard bytes.count == 10, bytes[0] & 1 == 0, bytes[3...5] == [0x9D, 0x01, 0x2A] else {
            return nil
        }
        let extents = [6, 8].map { (Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8) & 0x3FFF }
        return (extents[0], extents[1])
    }

    /// RFC 9649, 3.4: a byte of signature, then both extents less one, in 14 bits each.
    private static func lossless(_ content: ArraySlice<UInt8>) -> (width: Int, height: Int)? {
        let bytes = Array(content.prefix(5))
        guard bytes.count == 5, bytes[0] == 0x2F else { return nil }
        let bits = (1...4).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
        return (bits & 0x3FFF + 1, bits >> 14 & 0x3FFF + 1)
    }
}
