/// The properties of a WebP file that its chunks declare, read without decoding.
struct WebPStructure {
    /// The width of the canvas.
    let width: Int
    /// The height of the canvas.
    let height: Int
    /// The image data: a still image, or the first frame of an animation.
    let frame: WebPFrame
    /// The EXIF data, if present and announced in the header.
    let exif: Range<Int>?
    /// Whether the file ends early, after its image data.
    let isTruncated: Bool

    /// Reads the chunks of a file.
    ///
    /// - Throws: ``ImageError`` if the file is truncated, and that is not accepted or before the end
    ///   of its image data, or if it declares an impossible size.
    init(_ bytes: [UInt8], name: String, truncation: TruncationRule) throws(ImageError) {
        var chunks = try WebPChunks(bytes, name: name, truncation: truncation)
        isTruncated = chunks.isTruncated
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

    /// Throws if the declared size exceeds the limit or does not fit the byte count.
    private func checkSize(_ bytes: [UInt8], name: String) throws(ImageError) {
        try ImageDecoder.checkSize(
            width: width, height: height, needed: fewestFileBytes, byteCount: bytes.count,
            name: name)
        try ImageDecoder.checkSize(
            width: frame.width, height: frame.height, needed: frame.fewestBytes,
            byteCount: frame.chunk.content.count, name: name)
    }

    /// The file size required for the declared canvas size.
    ///
    /// The empty area of an animation and uniform lossless images take no bytes, so only a constant
    /// can bound small images. Above it the bound is the longest copy in lossless coding: 4096 pixels
    /// per byte.
    private var fewestFileBytes: Int { ImageDecoder.fewestBytes(width: width, height: height) }
}

extension WebPStructure {
    /// The header of a file in the extended format.
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

        /// Returns the image data and the EXIF data after checking that every chunk is complete.
        func contents(
            of chunks: inout WebPChunks
        ) throws(ImageError) -> (frame: WebPFrame, exif: Range<Int>?) {
            var frame: WebPFrame?
            var exif: Range<Int>?
            while let chunk = try next(in: &chunks, isLast: frame != nil) {
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

        /// The next chunk; in a truncated file, the first one that is not complete ends the file if
        /// it may.
        private func next(
            in chunks: inout WebPChunks, isLast: Bool
        ) throws(ImageError) -> WebPChunk? {
            do throws(ImageError) {
                return try chunks.next()
            } catch {
                guard isLast, chunks.isTruncated else { throw error }
                return nil
            }
        }

        private func animationFrame(_ chunk: WebPChunk) throws(ImageError) -> WebPFrame {
            // Position, size, duration and flags precede the chunks of the frame.
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

        /// Checks that a still image covers the canvas, or that a frame lies within it.
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
                        its image data \(frame.width)x\(frame.height)
                        """)
            }
        }
    }
}
