/// Decodes BMP files.
enum BMPDecoder {
    /// Decodes a file whose structure has been checked.
    ///
    /// - Returns: the decoded image, and what a truncated file lacks.
    /// - Throws: ``ImageError`` if runs end before the image does, and that is not accepted.
    static func decode(
        _ bytes: [UInt8], structure: BMPStructure, name: String, truncation: TruncationRule
    ) throws(ImageError) -> (image: RGBImage, missing: IncompleteImage.Missing?) {
        let pixels: [UInt8]
        let isComplete: Bool
        switch structure.coding {
        case .plain, .masked:
            pixels = rows(bytes, structure)
            isComplete = structure.storedRows(in: bytes.count) == structure.height
        case .runs4, .runs8:
            var runs = BMPRuns(bytes, structure)
            isComplete = runs.decode()
            guard isComplete || truncation == .use else {
                throw .truncated(path: name, byteCount: bytes.count)
            }
            pixels = runs.indices.colored(by: structure.palette)
        }
        let image = RGBImage(width: structure.width, height: structure.height, pixels: pixels)
        return (image, isComplete ? nil : .pixels)
    }

    private static func rows(_ bytes: [UInt8], _ structure: BMPStructure) -> [UInt8] {
        let (width, height) = (structure.width, structure.height)
        let rowCount = structure.storedRows(in: bytes.count)
        return [UInt8](unsafeUninitializedCapacity: 3 * width * height) { pixels, count in
            // Missing rows have the first color of the palette, or are black, as in Pillow.
            for index in 0..<(rowCount < height ? pixels.count : 0) {
                pixels[index] = structure.palette.isEmpty ? 0 : structure.palette[index % 3]
            }
            for stored in 0..<rowCount {
                let row = structure.isTopDown ? stored : height - 1 - stored
                let start = structure.start + structure.rowStride * stored
                let line = UnsafeMutableBufferPointer(
                    rebasing: pixels[3 * width * row..<3 * width * (row + 1)])
                if structure.bitsPerPixel <= 8 {
                    copyIndices(bytes, from: start, structure, to: line)
                } else {
                    copyColors(bytes, from: start, structure, to: line)
                }
            }
            count = 3 * width * height
        }
    }

    private static func copyIndices(
        _ bytes: [UInt8], from start: Int, _ structure: BMPStructure,
        to line: UnsafeMutableBufferPointer<UInt8>
    ) {
        let bits = structure.bitsPerPixel
        let mask = UInt8(1 << bits - 1)
        for column in 0..<structure.width {
            // The leftmost pixel is in the highest bits.
            let bit = column * bits
            let index = bytes[start + bit / 8] >> UInt8(8 - bits - bit % 8) & mask
            for channel in 0..<3 {
                line[3 * column + channel] = structure.palette[3 * Int(index) + channel]
            }
        }
    }

    private static func copyColors(
        _ bytes: [UInt8], from start: Int, _ structure: BMPStructure,
        to line: UnsafeMutableBufferPointer<UInt8>
    ) {
        let byteCount = structure.bitsPerPixel / 8
        for column in 0..<structure.width {
            let pixel = (0..<byteCount).reduce(UInt32(0)) { pixel, byte in
                pixel | UInt32(bytes[start + byteCount * column + byte]) << UInt32(8 * byte)
            }
            for channel in 0..<3 {
                line[3 * column + channel] = structure.channels[channel].level(of: pixel)
            }
        }
    }
}

/// Decodes the runs of a BMP file.
struct BMPRuns {
    /// The palette indices, from the top; pixels without a run have the index 0, as in Pillow.
    private(set) var indices: [UInt8]
    private let bytes: [UInt8]
    private let structure: BMPStructure
    private var offset: Int
    private var column = 0
    /// The row in the order of the file.
    private var row = 0

    private enum Escape {
        static let endOfLine: UInt8 = 0
        static let endOfImage: UInt8 = 1
        static let move: UInt8 = 2
    }

    init(_ bytes: [UInt8], _ structure: BMPStructure) {
        self.bytes = bytes
        self.structure = structure
        offset = structure.start
        indices = [UInt8](repeating: 0, count: structure.width * structure.height)
    }

    /// Decodes all runs.
    ///
    /// - Returns: whether the image was completed before the end of the file.
    mutating func decode() -> Bool {
        while row < structure.height {
            guard let pair = next(2) else { return isLastRowFull }
            if pair[0] > 0 {
                put(Int(pair[0]), from: [pair[1]])
                continue
            }
            switch pair[1] {
            case Escape.endOfLine: (column, row) = (0, row + 1)
            case Escape.endOfImage: return true
            case Escape.move:
                guard let step = next(2) else { return false }
                (column, row) = (column + Int(step[0]), row + Int(step[1]))
            case let count:
                let byteCount = structure.coding == .runs4 ? (Int(count) + 1) / 2 : Int(count)
                // Padded to 16 bits; the padding may be missing at the very end.
                guard let samples = next(byteCount) else { return false }
                offset += byteCount % 2
                put(Int(count), from: samples)
            }
        }
        return true
    }

    private var isLastRowFull: Bool {
        row == structure.height - 1 && column >= structure.width
    }

    private mutating func next(_ count: Int) -> [UInt8]? {
        guard offset <= bytes.count, count <= bytes.count - offset else { return nil }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    /// Writes pixels up to the end of the row, from samples that repeat.
    private mutating func put(_ count: Int, from samples: [UInt8]) {
        let target = structure.isTopDown ? row : structure.height - 1 - row
        for position in 0..<count where column + position < structure.width {
            let isHalf = structure.coding == .runs4
            let sample = samples[(isHalf ? position / 2 : position) % samples.count]
            let index = isHalf ? (position % 2 == 0 ? sample >> 4 : sample & 15) : sample
            indices[target * structure.width + column + position] = index
        }
        column = min(column + count, structure.width)
    }
}
