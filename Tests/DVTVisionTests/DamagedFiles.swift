@testable import DVTVision

/// Damages valid images.
enum Damage {
    /// The boundaries of the segments of a JPEG file; the entropy-coded data are one segment.
    static func jpegBoundaries(_ bytes: [UInt8]) -> [Int] {
        var boundaries = [0, 1, 2]
        var offset = 2
        while offset + 4 <= bytes.count, bytes[offset] == 0xFF, bytes[offset + 1] != 0xD9 {
            let length = Int(bytes.bigEndian16(at: offset + 2))
            boundaries += [offset + 1, offset + 2, offset + 3, offset + 4, offset + 2 + length]
            let isScan = bytes[offset + 1] == 0xDA
            offset += 2 + length
            while isScan, offset + 1 < bytes.count,
                bytes[offset] != 0xFF || bytes[offset + 1] == 0
                    || (0xD0...0xD7).contains(bytes[offset + 1])
            {
                offset += 1
            }
            boundaries.append(offset)
        }
        return boundaries + [offset + 1]
    }

    /// The offsets of the chunks of a PNG file and of their fields.
    static func pngBoundaries(_ bytes: [UInt8]) -> [Int] {
        var boundaries = [0, 4, 8]
        for chunk in pngChunks(bytes) {
            boundaries += [chunk.lowerBound + 4, chunk.lowerBound + 8, chunk.upperBound - 4]
            boundaries.append(chunk.upperBound)
        }
        return boundaries.filter { $0 < bytes.count }
    }

    /// The chunks of a PNG file, each from its length to its checksum.
    static func pngChunks(_ bytes: [UInt8]) -> [Range<Int>] {
        var chunks: [Range<Int>] = []
        var offset = 8
        while offset < bytes.count {
            let end = offset + 12 + Int(bytes.bigEndian32(at: offset))
            chunks.append(offset..<end)
            offset = end
        }
        return chunks
    }

    /// A chunk with its length and checksum.
    static func pngChunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let typed = Array(type.utf8) + content
        return bigEndian(UInt32(content.count)) + typed + bigEndian(crc32(typed))
    }

    /// The file with every checksum corrected.
    static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for chunk in pngChunks(bytes) {
            let sum = crc32(bytes[chunk.lowerBound + 4..<chunk.upperBound - 4])
            bytes.replaceSubrange(chunk.upperBound - 4..<chunk.upperBound, with: bigEndian(sum))
        }
        return bytes
    }

    /// A PNG file whose header declares another size.
    static func png(_ bytes: [UInt8], width: UInt32, height: UInt32) -> [UInt8] {
        var bytes = bytes
        bytes.replaceSubrange(16..<24, with: bigEndian(width) + bigEndian(height))
        return repaired(bytes)
    }

    /// A JPEG file whose header declares another size.
    static func jpeg(_ bytes: [UInt8], width: UInt16, height: UInt16) -> [UInt8] {
        var bytes = bytes
        var offset = 2
        while !(0xC0...0xC2).contains(bytes[offset + 1]) {
            offset += 2 + Int(bytes.bigEndian16(at: offset + 2))
        }
        bytes.replaceSubrange(
            offset + 5..<offset + 9,
            with: [height, width].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] })
        return bytes
    }

    /// Every file that differs from `bytes` in one bit.
    static func bitFlips(_ bytes: [UInt8], in range: Range<Int>) -> some Sequence<[UInt8]> {
        range.lazy.flatMap { offset in
            (0..<8).lazy.map { bit in
                var flipped = bytes
                flipped[offset] ^= 1 << bit
                return flipped
            }
        }
    }

    static func bigEndian(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }
}
