/// The header of a BMP file, read without decoding.
struct BMPStructure {
    let width: Int
    let height: Int
    /// Whether the first row in the file is the top one; usually it is the bottom one.
    let isTopDown: Bool
    let bitsPerPixel: Int
    let coding: Coding
    /// 256 colors of 3 bytes for up to 8 bits per pixel; those that the file omits are black.
    let palette: [UInt8]
    /// The masks of red, green and blue for more bits per pixel.
    let channels: [BMPChannel]
    /// The offset of the pixels.
    let start: Int

    /// How pixels are stored.
    enum Coding: Int {
        /// Rows, padded to 4 bytes.
        case plain = 0
        /// Runs of palette indices of 8 bits.
        case runs8 = 1
        /// Runs of palette indices of 4 bits.
        case runs4 = 2
        /// Rows whose channels are given by masks.
        case masked = 3
    }

    /// The bytes of a row without its padding.
    var rowByteCount: Int { (width * bitsPerPixel + 7) / 8 }
    /// The bytes from one row to the next.
    var rowStride: Int { (width * bitsPerPixel + 31) / 32 * 4 }

    /// The rows that a file holds; some writers omit the padding of the last row.
    func storedRows(in byteCount: Int) -> Int {
        min(height, max(0, byteCount - start + rowStride - rowByteCount) / rowStride)
    }

    /// Whether bytes begin as a BMP file: two letters, and the size of a header at byte 14.
    static func isBegun(by bytes: [UInt8]) -> Bool {
        bytes.count >= 18 && bytes.starts(with: "BM".utf8)
            && (12...255).contains(bytes.littleEndian32(at: fileHeaderByteCount))
    }

    private static let fileHeaderByteCount = 14
    /// BITMAPCOREHEADER of OS/2, with 16-bit sizes and colors of 3 bytes.
    private static let coreHeaderByteCount = 12
    /// Later headers begin with the entries of BITMAPINFOHEADER, of 40 bytes; 64 is that of OS/2 2.
    private static let headerByteCounts = [coreHeaderByteCount, 40, 52, 56, 64, 108, 124]
    private static let os2HeaderByteCount = 64
    /// Where the masks are: in the header or, if it has 40 bytes, behind it.
    private static let maskOffset = 54

    /// Reads the header of a file.
    ///
    /// - Throws: ``ImageError`` if the file is truncated, and that is not accepted or before the
    ///   end of a row, or if it declares an impossible size or uses a coding that is not supported.
    init(_ bytes: [UInt8], name: String, truncation: TruncationRule) throws(ImageError) {
        let header = try BMPHeader(bytes, name: name)
        (width, height, isTopDown) = (header.width, header.height, header.isTopDown)
        bitsPerPixel = header.bitsPerPixel
        guard width > 0, height > 0 else {
            throw .damaged(
                path: name, format: "BMP", reason: "it declares \(width)x\(height) pixels")
        }
        try ImageDecoder.checkSize(
            width: width, height: height, needed: 0, byteCount: bytes.count, name: name)
        guard [1, 4, 8, 16, 24, 32].contains(bitsPerPixel) else {
            throw .unsupported(
                path: name, reason: "is a BMP file with \(bitsPerPixel) bits per pixel")
        }
        coding = try header.coding(name: name)
        channels = try header.channels(bytes, coding, name: name)
        (palette, start) = header.palette(bytes)
        try checkLength(bytes, name: name, truncation)
    }

    /// Throws if the pixels cannot be in the file.
    private func checkLength(
        _ bytes: [UInt8], name: String, _ truncation: TruncationRule
    ) throws(ImageError) {
        switch coding {
        case .plain, .masked:
            let rowCount = storedRows(in: bytes.count)
            guard rowCount == height || truncation == .use && rowCount > 0 else {
                throw .truncated(path: name, byteCount: bytes.count)
            }
        case .runs4, .runs8:
            // A run has at most 255 pixels in 2 bytes, but skipped pixels take fewer.
            let needed = ImageDecoder.fewestBytes(
                width: width, height: height, pixelsPerByte: 128)
            try ImageDecoder.checkSize(
                width: width, height: height, needed: needed, byteCount: bytes.count, name: name)
        }
    }

    /// The entries of a header.
    private struct BMPHeader {
        let byteCount: Int
        let width: Int
        let height: Int
        let isTopDown: Bool
        let bitsPerPixel: Int
        private let compression: Int
        private let colorCount: Int
        /// The offset of the pixels, or 0.
        private let start: Int

        init(_ bytes: [UInt8], name: String) throws(ImageError) {
            byteCount = Int(bytes.littleEndian32(at: fileHeaderByteCount))
            guard headerByteCounts.contains(byteCount) else {
                throw .unsupported(
                    path: name, reason: "is a BMP file with a header of \(byteCount) bytes")
            }
            guard fileHeaderByteCount + byteCount <= bytes.count else {
                throw .truncated(path: name, byteCount: bytes.count)
            }
            start = Int(bytes.littleEndian32(at: 10))
            guard byteCount > coreHeaderByteCount else {
                (width, height) = (bytes.littleEndian16(at: 18), bytes.littleEndian16(at: 20))
                isTopDown = false
                bitsPerPixel = bytes.littleEndian16(at: 24)
                (compression, colorCount) = (0, 0)
                return
            }
            width = Int(bytes.littleEndian32(at: 18))
            let signedHeight = Int(Int32(bitPattern: bytes.littleEndian32(at: 22)))
            (height, isTopDown) = (abs(signedHeight), signedHeight < 0)
            bitsPerPixel = bytes.littleEndian16(at: 28)
            compression = Int(bytes.littleEndian32(at: 30))
            colorCount = Int(bytes.littleEndian32(at: 46))
        }

        func coding(name: String) throws(ImageError) -> Coding {
            let bits: [Int]
            let coding = Coding(rawValue: compression)
            switch coding {
            case .plain: return .plain
            case .runs8: bits = [8]
            case .runs4: bits = [4]
            // OS/2 gives the number 3 to another coding.
            case .masked where byteCount != os2HeaderByteCount: bits = [16, 24, 32]
            default: bits = []
            }
            guard let coding, bits.contains(bitsPerPixel) else {
                throw .unsupported(
                    path: name,
                    reason: """
                        is a BMP file with compression \(compression) of \(bitsPerPixel) bits per \
                        pixel
                        """)
            }
            return coding
        }

        func channels(
            _ bytes: [UInt8], _ coding: Coding, name: String
        ) throws(ImageError) -> [BMPChannel] {
            guard bitsPerPixel > 8 else { return [] }
            var masks: [UInt32] =
                bitsPerPixel == 16 ? [0x7C00, 0x3E0, 0x1F] : [0xFF_0000, 0xFF00, 0xFF]
            if coding == .masked {
                guard maskOffset + 12 <= bytes.count else {
                    throw .truncated(path: name, byteCount: bytes.count)
                }
                let own = (0..<3).map { bytes.littleEndian32(at: maskOffset + 4 * $0) }
                // Masks of zero stand for the usual ones, as in Pillow.
                if own.contains(where: { $0 != 0 }) { masks = own }
            }
            let channels = masks.compactMap(BMPChannel.init)
            guard channels.count == 3 else {
                let shown = masks.map { String($0, radix: 16) }.joined(separator: ", ")
                throw .unsupported(path: name, reason: "is a BMP file with the masks \(shown)")
            }
            return channels
        }

        /// The palette and the offset of the pixels.
        func palette(_ bytes: [UInt8]) -> (colors: [UInt8], start: Int) {
            let headersEnd = fileHeaderByteCount + byteCount
            guard bitsPerPixel <= 8 else {
                let masksEnd = compression == 3 && byteCount == 40 ? headersEnd + 12 : headersEnd
                return ([], start == 0 ? masksEnd : start)
            }
            let entryByteCount = byteCount == coreHeaderByteCount ? 3 : 4
            let declared = colorCount == 0 ? 1 << bitsPerPixel : colorCount
            let available = (bytes.count - headersEnd) / entryByteCount
            var colors = [UInt8](repeating: 0, count: 768)
            for index in 0..<min(declared, available, 1 << bitsPerPixel) {
                for channel in 0..<3 {
                    // Blue comes first.
                    colors[3 * index + channel] =
                        bytes[headersEnd + entryByteCount * index + 2 - channel]
                }
            }
            // Some writers give the offset of the palette in place of that of the pixels.
            let isPalette = start == 0 || start == headersEnd
            return (colors, isPalette ? headersEnd + entryByteCount * declared : start)
        }
    }
}

/// A color channel within the bits of a pixel.
struct BMPChannel {
    private let mask: UInt32
    private let shift: Int
    /// The 8-bit values of the channel's values.
    private let levels: [UInt8]

    /// Creates a channel of adjacent bits and uses its highest 8; nil for other masks.
    init?(mask: UInt32) {
        let bitCount = mask.nonzeroBitCount
        guard bitCount > 0,
            mask.leadingZeroBitCount + bitCount + mask.trailingZeroBitCount == 32
        else { return nil }
        self.mask = mask
        shift = mask.trailingZeroBitCount + max(0, bitCount - 8)
        let most = 1 << min(bitCount, 8) - 1
        levels = (0...most).map { UInt8($0 * 255 / most) }
    }

    /// The value of a pixel, scaled to 0...255 and rounded down, as in Pillow.
    func level(of pixel: UInt32) -> UInt8 { levels[Int((pixel & mask) >> shift)] }
}
