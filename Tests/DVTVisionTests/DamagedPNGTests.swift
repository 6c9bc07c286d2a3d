import Testing

@testable import DVTVision

/// Truncated, damaged and malicious PNG files.
struct DamagedPNGTests {
    @Test(arguments: ["png-small.png", "png-c3-d08-adam7.png", "png-exif6.png"])
    func everyCutIsRefused(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        let spaced = stride(from: 0, to: bytes.count, by: bytes.count < 300 ? 1 : 7)
        for cut in Damage.pngBoundaries(bytes) + spaced {
            let error = try #require(decodingError(of: Array(bytes[..<cut]), name: name))
            #expect(isOneLine(error.description) && error.path == name)
            switch error {
            case .truncated(_, let byteCount): #expect(byteCount == cut)
            case .empty: #expect(cut == 0)
            case .unknownFormat: #expect(cut < 8)
            default: Issue.record("cut at \(cut): \(error)")
            }
        }
    }

    /// Checksums cover every byte, so every flip must be an error.
    @Test(arguments: ["png-small.png", "png-c0-d01-adam7.png"])
    func everyBitFlipIsNoticed(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        for flipped in Damage.bitFlips(bytes, in: 0..<bytes.count) {
            let error = try #require(decodingError(of: flipped))
            #expect(isOneLine(error.description))
        }
    }

    /// With corrected checksums, a flip reaches the code behind them.
    @Test(arguments: ["png-small.png", "png-c3-d04-adam7.png", "png-c3-d08-trns.png"])
    func everyBitFlipWithCorrectedChecksumsIsSurvived(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        for chunk in Damage.pngChunks(bytes) {
            let content = chunk.lowerBound + 4..<chunk.upperBound - 4
            for flipped in Damage.bitFlips(bytes, in: content) {
                if let error = decodingError(of: Damage.repaired(flipped)) {
                    #expect(isOneLine(error.description))
                }
            }
        }
    }

    @Test func largeHeaderIsRefusedBeforeDecoding() throws {
        let bytes = try Fixtures.bytes("png-small.png")
        let limit = ImageDecoder.pixelLimit
        for size in [65_500, UInt32(Int32.max)] {
            #expect(
                decodingError(of: Damage.png(bytes, width: size, height: size))
                    == .tooManyPixels(
                        path: "image", width: Int(size), height: Int(size), limit: limit))
        }
        guard
            case .unjustifiedSize(_, 13_000, 13_000, let needed, _)? =
                decodingError(of: Damage.png(bytes, width: 13_000, height: 13_000))
        else {
            Issue.record("the size was believed")
            return
        }
        #expect(needed == 13_000 * 13_000 * 3 / 1032 - 64)
    }

    @Test func impossibleSizesAreRefused() throws {
        let bytes = try Fixtures.bytes("png-small.png")
        for (width, height) in [(0, 5), (7, 0), (0x8000_0000, 5), (7, .max)] as [(UInt32, UInt32)] {
            let error = decodingError(of: Damage.png(bytes, width: width, height: height))
            #expect(error?.description.contains("declares \(width)x\(height) pixels") == true)
        }
    }

    @Test func falseChunkLengthsAreRefused() throws {
        let bytes = try Fixtures.bytes("png-small.png")
        for chunk in Damage.pngChunks(bytes) {
            let honest = bytes.bigEndian32(at: chunk.lowerBound)
            for lie in [0, 1, honest &- 1, honest + 1, honest + 12, 0x7FFF_FFFF, .max] as [UInt32] {
                guard lie != honest else { continue }
                var bytes = bytes
                bytes.replaceSubrange(
                    chunk.lowerBound..<chunk.lowerBound + 4, with: Damage.bigEndian(lie))
                let error = try #require(decodingError(of: bytes))
                #expect(isOneLine(error.description))
            }
        }
    }

    @Test(arguments: ["bomb-iccp.png", "bomb-ztxt.png"])
    func compressedProfilesAndTextsAreSkipped(name: String) throws {
        let image = try ImageDecoder.decode(
            path: Fixtures.path(name), applyingOrientation: true)
        #expect(image == RGBImage(width: 1, height: 1, pixels: [1, 2, 3]))
    }

    /// Libpng stops inflating when the rows are full.
    @Test func imageDataBombIsSurvived() throws {
        if let error = decodingError(of: try Fixtures.bytes("bomb-idat.png")) {
            #expect(isOneLine(error.description))
        }
    }

    /// Unread chunks may have any content and exceed libpng's own limit of 8,000,000 bytes.
    @Test func ancillaryChunksAreNotRead() throws {
        let bytes = try Fixtures.bytes("png-small.png")
        let plain = try ImageDecoder.decode(bytes, name: "plain", applyingOrientation: true)
        for type in ["iCCP", "zTXt", "tEXt", "gAMA", "cHRM", "sRGB", "tRNS", "eXIf", "prVt"] {
            let chunk = Damage.pngChunk(type, [UInt8](repeating: 0xA5, count: 9_000_000))
            let extended = Array(bytes[..<33]) + chunk + bytes[33...]
            let image = try ImageDecoder.decode(extended, name: type, applyingOrientation: true)
            #expect(image == plain, "\(type)")
        }
    }

    @Test func misplacedAndMissingChunksAreRefused() throws {
        let bytes = try Fixtures.bytes("png-c3-d02.png")
        let chunks = Damage.pngChunks(bytes)
        let orders = [
            [0, 2, 3, 1, 4], [0, 2, 3, 4], [0, 1, 4], [0, 1, 2, 4], [0, 0, 1, 2, 3, 4], [1],
        ]
        for order in orders {
            let mixed = bytes[..<8] + order.flatMap { bytes[chunks[$0]] }
            let error = try #require(decodingError(of: Array(mixed)), "\(order)")
            #expect(isOneLine(error.description))
        }
    }
}
