/// The properties of a GIF file that its blocks declare, read without decoding.
struct GIFStructure {
    /// The width of the canvas: the screen, extended where the first frame exceeds it.
    let width: Int
    /// The height of the canvas.
    let height: Int
    /// The first frame.
    let frame: Frame
    /// The colors of the first frame, 3 bytes each; nil for a gray ramp.
    let palette: Range<Int>?
    /// The color index of the canvas beside the frame, which is Pillow's: the transparent one, or
    /// the first.
    let background: UInt8
    /// The signature, the screen and the global palette.
    let header: Range<Int>
    /// Whether the file ends early.
    let isTruncated: Bool

    /// The position and the coding of a frame.
    struct Frame {
        let left: Int
        let top: Int
        let width: Int
        let height: Int
        let isInterlaced: Bool
        /// The descriptor, the local palette and the samples, each with what introduces it.
        let whole: Range<Int>
        /// Whether the file ends within the samples; as in Pillow, a block that is not complete is
        /// not used.
        let endsEarly: Bool
    }

    /// Reads the blocks of a file.
    ///
    /// - Throws: ``ImageError`` if the file is truncated, and that is not accepted or before the
    ///   samples of the first frame, or if it declares an impossible size.
    init(_ bytes: [UInt8], name: String, truncation: TruncationRule) throws(ImageError) {
        var blocks = GIFBlocks(bytes, name: name)
        let screen = try blocks.screen()
        header = 0..<blocks.offset
        var background: UInt8 = 0
        var first: (frame: Frame, palette: Range<Int>?)?
        while let block = try blocks.next(truncation, mayEnd: first != nil) {
            switch block {
            case .transparency(let index): background = first == nil ? index : background
            case .frame(let frame, let palette): first = first ?? (frame, palette)
            case .other: break
            }
        }
        guard let first else {
            throw .damaged(path: name, format: "GIF", reason: "it holds no image")
        }
        self.background = background
        isTruncated = blocks.isTruncated
        frame = first.frame
        palette = first.palette ?? screen.palette
        width = max(screen.width, frame.left + frame.width)
        height = max(screen.height, frame.top + frame.height)
        try checkSize(bytes, name: name)
    }

    /// Throws if the declared size exceeds the limit or does not fit the byte count.
    private func checkSize(_ bytes: [UInt8], name: String) throws(ImageError) {
        guard frame.width > 0, frame.height > 0 else {
            throw .damaged(
                path: name, format: "GIF",
                reason: "its first frame has \(frame.width)x\(frame.height) pixels")
        }
        // The empty area beside a frame takes no bytes, so only a constant can bound it.
        try ImageDecoder.checkSize(
            width: width, height: height,
            needed: ImageDecoder.fewestBytes(width: width, height: height),
            byteCount: bytes.count, name: name)
        // A code of 12 bits, the longest, stands for less than 4096 pixels; shorter ones for fewer.
        try ImageDecoder.checkSize(
            width: frame.width, height: frame.height,
            needed: frame.width * frame.height / (4096 * 8 / 12),
            byteCount: frame.whole.count, name: name)
    }
}

/// Iterates over the blocks of a GIF file.
private struct GIFBlocks {
    enum Block {
        /// The index of the transparent color of the next frame.
        case transparency(UInt8)
        case frame(GIFStructure.Frame, palette: Range<Int>?)
        case other
    }

    private static let extensionIntroducer: UInt8 = 0x21
    private static let frameSeparator: UInt8 = 0x2C
    private static let trailer: UInt8 = 0x3B
    private static let graphicControl: UInt8 = 0xF9

    private let bytes: [UInt8]
    private let name: String
    private(set) var offset = 0
    private(set) var isTruncated = false

    init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    /// The size of the screen and the global palette.
    mutating func screen() throws(ImageError) -> (width: Int, height: Int, palette: Range<Int>?) {
        // The signature, the size, the flags, a background that is not used, and an aspect ratio.
        let start = try take(13).lowerBound
        let palette = try palette(flags: bytes[start + 10])
        return (
            bytes.littleEndian16(at: start + 6), bytes.littleEndian16(at: start + 8), palette
        )
    }

    /// The next block, or nil at the trailer, or where a truncated file ends if it may.
    mutating func next(
        _ truncation: TruncationRule, mayEnd: Bool
    ) throws(ImageError) -> Block? {
        do throws(ImageError) {
            return try next(truncation)
        } catch {
            guard mayEnd, truncation == .use else { throw error }
            isTruncated = true
            return nil
        }
    }

    /// The next block, or nil at the trailer; bytes between blocks are skipped, as in Pillow.
    private mutating func next(_ truncation: TruncationRule) throws(ImageError) -> Block? {
        let start = try take(1).lowerBound
        switch bytes[start] {
        case Self.trailer: return nil
        case Self.extensionIntroducer: return try extensionBlock()
        case Self.frameSeparator: return try frame(from: start, truncation)
        default: return .other
        }
    }

    private mutating func extensionBlock() throws(ImageError) -> Block {
        let label = bytes[try take(1).lowerBound]
        let content = try subBlocks()
        guard label == Self.graphicControl, content.count >= 5,
            bytes[content.lowerBound] >= 4, bytes[content.lowerBound + 1] & 1 == 1
        else { return .other }
        return .transparency(bytes[content.lowerBound + 4])
    }

    private mutating func frame(
        from start: Int, _ truncation: TruncationRule
    ) throws(ImageError) -> Block {
        let descriptor = try take(9).lowerBound
        let numbers = (0..<4).map { bytes.littleEndian16(at: descriptor + 2 * $0) }
        let flags = bytes[descriptor + 8]
        let palette = try palette(flags: flags)
        // The number of bits of a sample precedes the samples.
        _ = try take(1)
        var end: Int?
        do throws(ImageError) {
            _ = try subBlocks()
        } catch {
            guard truncation == .use else { throw error }
            end = offset
            offset = bytes.count
            isTruncated = true
        }
        return .frame(
            GIFStructure.Frame(
                left: numbers[0], top: numbers[1], width: numbers[2], height: numbers[3],
                isInterlaced: flags & 0x40 != 0, whole: start..<(end ?? offset),
                endsEarly: end != nil),
            palette: palette)
    }

    private mutating func palette(flags: UInt8) throws(ImageError) -> Range<Int>? {
        flags & 0x80 != 0 ? try take(3 << (Int(flags & 7) + 1)) : nil
    }

    /// Blocks of at most 255 bytes, each after its length; a length of zero ends them.
    ///
    /// After a failure the offset is the end of the complete blocks.
    private mutating func subBlocks() throws(ImageError) -> Range<Int> {
        let start = offset
        while true {
            let length = Int(bytes[try take(1).lowerBound])
            guard length > 0 else { return start..<offset }
            do throws(ImageError) {
                _ = try take(length)
            } catch {
                offset -= 1
                throw error
            }
        }
    }

    private mutating func take(_ count: Int) throws(ImageError) -> Range<Int> {
        guard count <= bytes.count - offset else {
            throw .truncated(path: name, byteCount: bytes.count)
        }
        defer { offset += count }
        return offset..<offset + count
    }
}
