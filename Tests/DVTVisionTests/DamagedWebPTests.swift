import Testing

@testable import DVTVision

/// Truncated, damaged and malicious WebP files.
struct DamagedWebPTests {
    private static let names = [
        "webp-small.webp", "webp-small-lossless.webp", "webp-lossy-alpha.webp",
        "webp-exif6-mm.webp", "webp-profile.webp", "webp-animated-offset.webp",
    ]

    @Test(arguments: names)
    func everyCutIsRefused(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        let boundaries = Damage.webPChunks(bytes).flatMap {
            [$0.lowerBound, $0.lowerBound + 4, $0.lowerBound + 8, $0.upperBound]
        }
        #expect(boundaries.last == bytes.count)
        let spaced = stride(from: 0, to: bytes.count, by: bytes.count < 300 ? 1 : 7)
        for cut in boundaries.dropLast() + spaced {
            let error = try #require(decodingError(of: Array(bytes[..<cut]), name: name))
            #expect(isOneLine(error.description) && error.path == name)
            switch error {
            case .truncated(_, let byteCount): #expect(byteCount == cut)
            case .empty: #expect(cut == 0)
            case .unknownFormat: #expect(cut < 12)
            default: Issue.record("cut at \(cut): \(error)")
            }
        }
    }

    /// The file's length is corrected, but its last chunk is truncated.
    @Test(arguments: names)
    func everyCutWithACorrectedLengthIsRefused(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        let starts = Set(Damage.webPChunks(bytes).map(\.lowerBound))
        // A cut at the start of a later chunk leaves a whole file.
        for cut in 12..<bytes.count where cut == 12 || !starts.contains(cut) {
            let error = try #require(decodingError(of: Damage.webP(bytes, cutAt: cut)))
            #expect(isOneLine(error.description))
        }
    }

    /// All lengths are correct, but the samples end early.
    @Test(arguments: ["webp-small.webp", "webp-small-lossless.webp", "webp-lossy.webp"])
    func shortSamplesAreSurvived(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        let type = String(decoding: bytes[12..<16], as: UTF8.self)
        for cut in 20..<bytes.count {
            let chunk = Damage.webPChunk(type, Array(bytes[20..<cut]))
            if let error = decodingError(of: Damage.webP([chunk])) {
                #expect(isOneLine(error.description))
            } else {
                // A decoder may guess the last bits.
                #expect(cut > bytes.count - 4)
            }
        }
    }

    @Test func samplesThatEndEarlyAreRefused() throws {
        let bytes = try Fixtures.bytes("webp-lossy.webp")
        let half = Array(bytes[20..<bytes.count / 2])
        #expect(
            decodingError(of: Damage.webP([Damage.webPChunk("VP8 ", half)]))
                == .damaged(path: "image", format: "WebP", reason: "its image data ends early"))
    }

    /// Each flip gives an image or a one-line error; WebP has no checksum.
    @Test(arguments: names)
    func everyBitFlipIsSurvived(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        var imageCount = 0
        for flipped in Damage.bitFlips(bytes, in: 0..<bytes.count) {
            if let error = decodingError(of: flipped) {
                #expect(isOneLine(error.description))
            } else {
                imageCount += 1
            }
        }
        #expect(imageCount > 0)
    }

    @Test(arguments: names)
    func falseChunkLengthsAreSurvived(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        for chunk in Damage.webPChunks(bytes) {
            let honest = Int(bytes.littleEndian32(at: chunk.lowerBound + 4))
            let lies = [0, 1, 4, 9, honest - 1, honest + 1, honest + 8, 0x7FFF_FFFF, 0xFFFF_FFFF]
            for lie in lies where lie >= 0 {
                var bytes = bytes
                bytes.replaceSubrange(
                    chunk.lowerBound + 4..<chunk.lowerBound + 8, with: Damage.littleEndian(lie))
                if let error = decodingError(of: bytes) {
                    #expect(isOneLine(error.description))
                }
                if lie > bytes.count { #expect(decodingError(of: bytes) != nil) }
            }
        }
    }

    @Test func largeHeadersAreRefusedBeforeDecoding() throws {
        let samples: [UInt8] = [0x2F, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0]
        #expect(
            decodingError(of: Damage.webP([Damage.webPChunk("VP8L", samples)]))
                == .tooManyPixels(
                    path: "image", width: 1 << 14, height: 1 << 14, limit: 178_956_970))
        let lossy: [UInt8] = [0x10, 0, 0, 0x9D, 1, 0x2A, 0xA0, 0x0F, 0xA0, 0x0F, 0, 0]
        #expect(
            decodingError(of: Damage.webP([Damage.webPChunk("VP8 ", lossy)]))
                == .unjustifiedSize(
                    path: "image", width: 4000, height: 4000, needed: 250 * 250 * 3 / 8,
                    byteCount: lossy.count))
        // An empty canvas of 13000x13000 around a small frame.
        let bytes = try Fixtures.bytes("webp-animated-offset.webp")
        let extents = Damage.littleEndian(12_999).prefix(3)
        let canvas = Array(bytes[..<24] + extents + extents + bytes[30...])
        #expect(
            decodingError(of: canvas)
                == .unjustifiedSize(
                    path: "image", width: 13_000, height: 13_000, needed: 13_000 * 13_000 / 4096,
                    byteCount: bytes.count))
        let largest = Array(bytes[..<24] + [UInt8](repeating: 0xFF, count: 6) + bytes[30...])
        #expect(
            decodingError(of: largest)
                == .tooManyPixels(
                    path: "image", width: 1 << 24, height: 1 << 24, limit: 178_956_970))
    }

    /// The smallest possible files for their size: one color throughout.
    @Test(arguments: ["webp-flat.webp", "webp-flat-lossless.webp"])
    func flatImagesAreNotSuspected(name: String) throws {
        let image = try ImageDecoder.decode(path: Fixtures.path(name), applyingOrientation: false)
        #expect(image.width == 2000 && image.height == 1200)
    }

    @Test func filesWithoutImageAreRefused() throws {
        let animated = try Fixtures.bytes("webp-animated-offset.webp")
        let still = try Fixtures.bytes("webp-exif6-mm.webp")
        let cases: [([UInt8], String)] = [
            (Damage.webP([]), "it holds no image"),
            (Damage.webP([Array(still[12..<30])]), "it holds no image"),
            (Damage.webP([Array(animated[12..<44])]), "it holds no image"),
            (Damage.webP([Damage.webPChunk("EXIF", [1])]), "its first chunk holds no image data"),
            (Damage.webP([Damage.webPChunk("VP8X", [16])]), "its header is too short"),
            (Damage.webP([Damage.webPChunk("VP8 ", [])]), "its image data has an invalid header"),
            (
                Damage.webP([Damage.webPChunk("VP8L", [0x2F])]),
                "its image data has an invalid header"
            ),
            (
                Damage.webP([Array(animated[12..<44]), Damage.webPChunk("ANMF", [1])]),
                "a frame is too short"
            ),
            (
                Damage.webP([
                    Array(animated[12..<44]), Damage.webPChunk("ANMF", Array(animated[52..<68])),
                ]), "its first frame is empty"
            ),
        ]
        for (bytes, reason) in cases {
            #expect(
                decodingError(of: bytes)
                    == .damaged(path: "image", format: "WebP", reason: reason))
        }
    }

    @Test func contradictingSizesAreRefused() throws {
        var still = try Fixtures.bytes("webp-exif6-mm.webp")
        still[24] += 1
        #expect(
            decodingError(of: still)
                == .damaged(
                    path: "image", format: "WebP",
                    reason: "its header declares 12x6 pixels, its image data 11x6"))
        var animated = try Fixtures.bytes("webp-animated-offset.webp")
        animated[52] = 7
        #expect(decodingError(of: animated)?.description.contains("its image data 7x5") == true)
    }

    @Test func zeroSizeIsRefused() throws {
        var bytes = try Fixtures.bytes("webp-small.webp")
        bytes.replaceSubrange(26..<28, with: [0, 0xC0])
        #expect(
            decodingError(of: bytes)
                == .damaged(
                    path: "image", format: "WebP", reason: "it declares 0x9 pixels"))
    }
}

extension Damage {
    /// The chunks of a WebP file, each from its type to its padding.
    static func webPChunks(_ bytes: [UInt8]) -> [Range<Int>] {
        var chunks: [Range<Int>] = []
        var offset = 12
        while offset < bytes.count {
            let length = Int(bytes.littleEndian32(at: offset + 4))
            chunks.append(offset..<offset + 8 + length + length % 2)
            offset += 8 + length + length % 2
        }
        return chunks
    }

    /// A chunk with its length and padding.
    static func webPChunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        Array(type.utf8) + littleEndian(content.count) + content
            + [UInt8](repeating: 0, count: content.count % 2)
    }

    /// A file with the given chunks.
    static func webP(_ chunks: [[UInt8]]) -> [UInt8] {
        let body = Array("WEBP".utf8) + chunks.joined()
        return Array("RIFF".utf8) + littleEndian(body.count) + body
    }

    /// The file up to `cut`, with its declared length corrected.
    static func webP(_ bytes: [UInt8], cutAt cut: Int) -> [UInt8] {
        Array(bytes[..<4] + littleEndian(cut - 8) + bytes[8..<cut])
    }

    static func littleEndian(_ number: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
