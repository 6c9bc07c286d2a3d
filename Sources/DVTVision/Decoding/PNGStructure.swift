/// The properties of a PNG file that its chunks declare, read without decoding.
struct PNGStructure {
    let width: Int
    let height: Int
    /// The EXIF data, if any.
    let exif: Range<Int>?
    /// The first color of the palette; black without one.
    let firstColor: [UInt8]
    /// Where the complete chunks of a truncated file end; nil for others.
    let truncatedEnd: Int?
    /// The image data in the chunk at ``truncatedEnd``, without its checksum.
    let partialData: Range<Int>

    private struct Chunk {
        let type: UInt32
        let content: Range<Int>
        var end: Int { content.upperBound + 4 }
    }

    private static let signatureLength = 8
    /// The bytes of a length and a type.
    private static let headerByteCount = 8
    private static let header = fourCharacters("IHDR")
    private static let palette = fourCharacters("PLTE")
    private static let imageData = fourCharacters("IDAT")
    private static let exifData = fourCharacters("eXIf")
    private static let trailer = fourCharacters("IEND")

    /// Reads the chunks from the signature to the end of the image.
    ///
    /// - Throws: ``ImageError`` if the file is truncated, and that is not accepted or before the
    ///   image data, or if it declares an impossible size.
    init(
        _ bytes: [UInt8], name: String, truncation: TruncationRule
    ) throws(ImageError) {
        let header = try Self.chunk(in: bytes, at: Self.signatureLength, name: name)
        guard header.type == Self.header, header.content.count == 13 else {
            throw .damaged(path: name, format: "PNG", reason: "its first chunk is not the header")
        }
        width = Int(bytes.bigEndian32(at: header.content.lowerBound))
        height = Int(bytes.bigEndian32(at: header.content.lowerBound + 4))
        guard (1...Int(Int32.max)).contains(width), (1...Int(Int32.max)).contains(height) else {
            throw .damaged(
                path: name, format: "PNG", reason: "it declares \(width)x\(height) pixels")
        }
        var exif: Range<Int>?
        var dataByteCount = 0
        var chunk = header
        var firstColor: [UInt8] = [0, 0, 0]
        let hasPalette = bytes[header.content.lowerBound + 9] == 3
        var truncatedEnd: Int?
        var partialData = 0..<0
        while chunk.type != Self.trailer {
            let end = chunk.end
            do throws(ImageError) {
                chunk = try Self.chunk(in: bytes, at: end, name: name)
            } catch {
                partialData = Self.partialData(in: bytes, at: end)
                dataByteCount += partialData.count
                guard truncation == .use, dataByteCount > 0 else { throw error }
                truncatedEnd = end
                break
            }
            if chunk.type == Self.imageData { dataByteCount += chunk.content.count }
            if chunk.type == Self.exifData { exif = exif ?? chunk.content }
            if hasPalette, chunk.type == Self.palette, chunk.content.count >= 3 {
                firstColor = Array(bytes[chunk.content].prefix(3))
            }
        }
        self.exif = exif
        (self.truncatedEnd, self.partialData) = (truncatedEnd, partialData)
        self.firstColor = firstColor
        let needed = Self.fewestDataBytes(
            width: width, height: height, header: bytes[header.content])
        try ImageDecoder.checkSize(
            width: width, height: height, needed: needed, byteCount: dataByteCount, name: name)
    }

    private static func chunk(
        in bytes: [UInt8], at offset: Int, name: String
    ) throws(ImageError) -> Chunk {
        // A chunk consists of a length, a type, the data and a checksum.
        guard offset + 12 <= bytes.count else {
            throw .truncated(path: name, byteCount: bytes.count)
        }
        let length = Int(bytes.bigEndian32(at: offset))
        guard length <= bytes.count - offset - 12 else {
            throw .truncated(path: name, byteCount: bytes.count)
        }
        let start = offset + 8
        return Chunk(type: bytes.bigEndian32(at: offset + 4), content: start..<start + length)
    }

    /// The content of a chunk of image data that is not complete, or of none.
    private static func partialData(in bytes: [UInt8], at offset: Int) -> Range<Int> {
        let start = offset + headerByteCount
        guard start < bytes.count, bytes.bigEndian32(at: offset + 4) == imageData else {
            return offset..<offset
        }
        let length = Int(bytes.bigEndian32(at: offset))
        return start..<min(bytes.count, start + length)
    }

    /// A complete file with what there is of a truncated one.
    func completed(_ bytes: [UInt8]) -> [UInt8] {
        guard let truncatedEnd else { return bytes }
        return bytes[..<truncatedEnd]
            + Self.chunk(Self.imageData, Array(bytes[partialData])) + Self.chunk(Self.trailer, [])
    }

    private static func chunk(_ type: UInt32, _ content: [UInt8]) -> [UInt8] {
        let typed = bigEndian(type) + content
        return bigEndian(UInt32(content.count)) + typed + bigEndian(checksum(typed))
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
    }

    /// The CRC-32 of the PNG specification, annex D.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in
                sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1
            }
        }
    }

    /// The minimum byte count of compressed image data.
    ///
    /// Deflate compresses at most 1032:1, a match of 258 bytes in two bits (zlib's technical
    /// notes); the slack covers the stream header and the first literals. Interlacing only adds
    /// bytes and is ignored.
    private static func fewestDataBytes(
        width: Int, height: Int, header: ArraySlice<UInt8>
    ) -> Int {
        let samples = samplesPerPixel(colorType: header[header.startIndex + 9])
        let bitDepth = min(Int(header[header.startIndex + 8]), 16)
        // Width and height are below 2^31. Clamping avoids overflow and does not change the result:
        // such an image exceeds the pixel limit.
        let rowByteCount = (width * bitDepth * samples + 7) / 8
        let (raw, overflow) = rowByteCount.multipliedReportingOverflow(by: height)
        return max(0, (overflow ? Int.max : raw) / 1032 - 64)
    }

    private static func samplesPerPixel(colorType: UInt8) -> Int {
        switch colorType {
        case 2: 3
        case 4: 2
        case 6: 4
        default: 1
        }
    }

    private static func fourCharacters(_ name: StaticString) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(name.utf8Start[$1]) }
    }
}
