/// What the chunks of a WebP file say, found without decoding anything.
struct WebPStructure {
    /// The number of columns of the whole image.
    let width: Int
    /// The number of rows of the whole image.
    let height: Int
    /// The coded samples: of a still image all of it, of an animation its first frame.
    let frame: WebPFrame
    /// Where the EXIF data lies, if there is any and the header announces it.
    let exif: Range<Int>?

    /// Follows the chunks from the signature to the end of the file.
    ///
    /// - Parameters:
    ///   - bytes: the whole file; it begins with the signature.
    ///   - name: what messages call it.
    /// - Throws: ``ImageError`` if the file is cut short, or declares an impossible size.
    init(_ bytes: [UInt8], name: String) throws(ImageError) {
        var chunks = try WebPChunks(bytes, name: name)
        guard let first = try chunks.next() else {
            throw .damaged(path: name, format: "WebP", reason: WebPFrame.missing)
        }
        if first.type == WebPChunk.extended {
            let canvas = try Canvas(bytes, first, name: name)
            (width, height) = (canvas.width, canvas.height)
            (frame, exif) = try canvas.contents(of: &chunks)
        } else {
            frame = try WebPFrame(bytes, first, name: name)
            (width, height) = (frame.width, frame.height)
            exif = nil
        }
        try checkSize(bytes, name: name)
    }

    /// Refuses too many pixels, and more than there can be in so few bytes.
    private func checkSize(_ bytes: [UInt8], name: String) throws(ImageError) {
        try ImageDecoder.checkSize(
            width: width, height: height, needed: fewestFileBytes, byteCount: bytes.count,
            name: name)
        try ImageDecoder.checkSize(
            width: frame.width, height: frame.height, needed: frame.fewestBytes,
            byteCount: frame.chunk.content.count, name: name)
    }

    /// The fewest bytes that a file is believed such a size with.
    ///
    /// What is left free in an animation costs nothing, nor does one color throughout in lossless
    /// coding, so no file is too short for any size; only a constant can bound it. Beyond, the
    /// longest copy that lossless coding knows is asked for: 4096 pixels a byte.
    private var fewestFileBytes: Int {
        width * height <= Self.freeAllowance ? 0 : width * height / 4096
    }

    /// The most pixels an image may have whatever its file's size.
    private static let freeAllowance = 1 << 24
}

extension WebPStructure {
    /// The header of an extended file, with which other chunks than the samples may come.
    private struct Canvas {
        private static let animationFlag: UInt8 = 0x02
        private static let exifFlag: UInt8 = 0x08

        let width: Int
        let height: Int
        private let bytes: [UInt8]
        private let isAnimated: Bool
        private let announcesEXIF: Bool
        private let name: String

        init(_ bytes: [UInt8], _ header: WebPChunk, name: String) throws(ImageError) {
            let start = header.content.lowerBound
            guard header.content.count >= 10 else {
                throw .damaged(path: name, format: "WebP", reason: "its header is too short")
            }
            width = bytes.littleEndian24(at: start + 4) + 1
            height = bytes.littleEndian24(at: start + 7) + 1
            isAnimated = bytes[start] & Self.animationFlag != 0
            announcesEXIF = bytes[start] & Self.exifFlag != 0
            self.bytes = bytes
            self.name = name
        }

        /// Finds the image and its EXIF data, and sees that every chunk is there.
        func contents(
            of chunks: inout WebPChunks
        ) throws(ImageError) -> (frame: WebPFrame, exif: Range<Int>?) {
            var frame: WebPFrame?
            var exif: Range<Int>?
            while let chunk = try chunks.next() {
                if chunk.type == WebPChunk.exifData, announcesEXIF { exif = exif ?? chunk.content }
                guard frame == nil else { continue }
                if isAnimated, chunk.type == WebPChunk.animationFrame {
                    frame = try animationFrame(chunk)
                } else if !isAnimated, WebPFrame.isCodedIn(chunk) {
                    frame = try WebPFrame(bytes, chunk, name: name)
                }
            }
            guard let frame else {
                throw .damaged(path: name, format: "WebP", reason: WebPFrame.missing)
            }
            try check(frame)
            return (frame, exif)
        }

        private func animationFrame(_ chunk: WebPChunk) throws(ImageError) -> WebPFrame {
            // Position, size, duration and flags come before the chunks of the samples.
            let (start, headerByteCount) = (chunk.content.lowerBound, 16)
            guard chunk.content.count >= headerByteCount else {
                throw .damaged(path: name, format: "WebP", reason: "a frame is too short")
            }
            var parts = WebPChunks(
                bytes, in: start + headerByteCount..<chunk.content.upperBound, name: name)
            while let part = try parts.next() {
                guard WebPFrame.isCodedIn(part) else { continue }
                return try WebPFrame(
                    bytes, part, left: 2 * bytes.littleEndian24(at: start),
                    top: 2 * bytes.littleEndian24(at: start + 3), name: name)
            }
            throw .damaged(path: name, format: "WebP", reason: "its first frame is empty")
        }

        /// A still image fills the canvas, and a frame lies on it.
        private func check(_ frame: WebPFrame) throws(ImageError) {
            let fits =
                isAnimated
                ? frame.left + frame.width <= width && frame.top + frame.height <= height
                : frame.width == width && frame.height == height
            guard fits else {
                throw .damaged(
                    path: name, format: "WebP",
                    reason: """
                        its header declares \(width)x\(height) pixels, \
                        its samples \(frame.width)x\(frame.height)
                        """)
            }
        }
    }
}
