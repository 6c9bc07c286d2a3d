/// The properties of a PNG file that its chunks declare, read without decoding.
struct PNGStructure {
    let width: Int
    let height: Int
    /// The EXIF data, if any.
    let exif: Range<Int>?

    private struct Chunk {
        let type: UInt32
        let content: Range<Int>
        var end: Int { content.upperBound + 4 }
    }

    private static let signatureLength = 8
    private static let header = fourCharacters("IHDR")
    private static let imageData = fourCharacters("IDAT")
    private static let exifData = fourCharacters("eXIf")
    private static let trailer = fourCharacters("IEND")

    /// Reads the chunks from the signature to the end of the image.
    ///
    /// - Throws: ``ImageError`` if the file is truncated or declares an impossible size.
    init(_ bytes: [UInt8], name: String) throws(ImageError) {
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
        while chunk.type != Self.trailer {
            chunk = try Self.chunk(in: bytes, at: chunk.end, name: name)
            if chunk.type == Self.imageData { dataByteCount += chunk.content.count }
            if chunk.type == Self.exifData { exif = exif ?? chunk.content }
        }
        self.exif = exif
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
