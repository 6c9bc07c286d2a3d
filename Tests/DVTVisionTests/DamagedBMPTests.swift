import Testing

@testable import DVTVision

/// Truncated, damaged and malicious BMP files, and what Pillow does not read.
struct DamagedBMPTests {
    @Test(arguments: [
        "bmp-1x1.bmp", "bmp-4.bmp", "bmp-rle8.bmp", "bmp-16-565.bmp", "bmp-24-os2.bmp",
    ])
    func everyCutIsRefused(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        // The padding of the last row and the mark of an image's end add nothing.
        for cut in 0..<bytes.count - 3 {
            let error = try #require(decodingError(of: Array(bytes[..<cut]), name: name))
            #expect(isOneLine(error.description) && error.path == name)
            switch error {
            case .truncated(_, let byteCount): #expect(byteCount == cut)
            case .empty: #expect(cut == 0)
            case .unknownFormat: #expect(cut < 18)
            default: Issue.record("cut at \(cut): \(error)")
            }
        }
    }

    /// Each flip gives an image or a one-line error; BMP has no checksum.
    @Test(arguments: ["bmp-1x1.bmp", "bmp-4.bmp", "bmp-rle4.bmp", "bmp-rle8.bmp", "bmp-16-565.bmp"])
    func everyBitFlipIsSurvived(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        for flipped in Damage.bitFlips(bytes, in: 0..<bytes.count) {
            if let error = decodingError(of: flipped) {
                #expect(isOneLine(error.description))
            }
        }
    }

    private func resized(_ bytes: [UInt8], width: UInt32, height: UInt32) -> [UInt8] {
        var bytes = bytes
        bytes.replaceSubrange(
            18..<26, with: Damage.bigEndian(width).reversed() + Damage.bigEndian(height).reversed())
        return bytes
    }

    @Test func largeSizesAreRefusedBeforeDecoding() throws {
        let bytes = try Fixtures.bytes("bmp-24.bmp")
        for (width, height) in [(65_500, 65_500), (.max, 1 << 31)] as [(UInt32, UInt32)] {
            #expect(
                decodingError(of: resized(bytes, width: width, height: height))
                    == .tooManyPixels(
                        path: "image", width: Int(width), height: Int(height),
                        limit: ImageDecoder.pixelLimit))
        }
        #expect(
            decodingError(of: resized(bytes, width: 13_000, height: 13_000))
                == .truncated(path: "image", byteCount: bytes.count))
        let runs = try Fixtures.bytes("bmp-rle8.bmp")
        guard
            case .unjustifiedSize(_, 13_000, 13_000, _, _)? =
                decodingError(of: resized(runs, width: 13_000, height: 13_000))
        else {
            Issue.record("the size was believed")
            return
        }
    }

    @Test func zeroSizesAreRefused() throws {
        let bytes = try Fixtures.bytes("bmp-24.bmp")
        for (width, height) in [(0, 5), (7, 0)] as [(UInt32, UInt32)] {
            let error = decodingError(of: resized(bytes, width: width, height: height))
            #expect(error?.description.contains("declares \(width)x\(height) pixels") == true)
        }
    }

    @Test func otherCodingsAreNamed() throws {
        let bytes = try Fixtures.bytes("bmp-24.bmp")
        var (jpeg, deep, short) = (bytes, bytes, bytes)
        jpeg[30] = 4
        deep[28] = 64
        short[14] = 16
        var masks = try Fixtures.bytes("bmp-16-565.bmp")
        masks[54] = 0x05
        for (bytes, reason) in [
            (jpeg, "is a BMP file with compression 4 of 24 bits per pixel"),
            (deep, "is a BMP file with 64 bits per pixel"),
            (short, "is a BMP file with a header of 16 bytes"),
            (masks, "is a BMP file with the masks f805, 7e0, 1f"),
        ] {
            #expect(decodingError(of: bytes) == .unsupported(path: "image", reason: reason))
        }
    }

    /// Masks of any width, which Pillow does not read: 10 bits per channel keep the highest 8.
    @Test func channelsMayHaveAnyWidth() throws {
        let ten = try #require(BMPChannel(mask: 0x3FF0_0000))
        #expect([0, 0x3FF, 0x200, 0x3].map { ten.level(of: $0 << 20) } == [0, 255, 128, 0])
        let one = try #require(BMPChannel(mask: 0x8000_0000))
        #expect([0, 1].map { one.level(of: $0 << 31) } == [0, 255])
        let all = try #require(BMPChannel(mask: .max))
        #expect(all.level(of: 0xAB12_3456) == 0xAB)
        #expect(BMPChannel(mask: 0) == nil && BMPChannel(mask: 0b101) == nil)
    }

    /// The palette indices of an image of 6 by 3 pixels, from the top.
    private func indices(_ runs: [UInt8], coding: UInt8) throws -> [UInt8]? {
        let bits: UInt8 = coding == 1 ? 8 : 4
        let header: [UInt8] = [40, 0, 0, 0, 6, 0, 0, 0, 3, 0, 0, 0, 1, 0, bits, 0, coding, 0, 0, 0]
        let grays = (0..<16).flatMap { [$0, $0, $0, 0] as [UInt8] }
        let file =
            Array("BM".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 118, 0, 0, 0] + header
            + [UInt8](repeating: 0, count: 12) + [16, 0, 0, 0, 0, 0, 0, 0] + grays + runs
        guard decodingError(of: file) == nil else { return nil }
        let image = try ImageDecoder.decode(file, name: "runs", applyingOrientation: true)
        return (0..<18).map { image.pixels[3 * $0] }
    }

    /// Moves, odd counts, runs beyond the row and an early end, as Microsoft describes them; rows
    /// are stored from the bottom.
    @Test func runsFollowTheirDescription() throws {
        #expect(
            try indices([2, 7, 0, 2, 1, 1, 2, 8, 0, 1], coding: 1)
                == [0, 0, 0, 0, 0, 0] + [0, 0, 0, 8, 8, 0] + [7, 7, 0, 0, 0, 0])
        #expect(
            try indices([9, 5, 0, 0, 0, 3, 1, 2, 3, 0, 1, 4, 0, 1], coding: 1)
                == [0, 0, 0, 0, 0, 0] + [1, 2, 3, 4, 0, 0] + [5, 5, 5, 5, 5, 5])
        #expect(
            try indices(
                [0, 3, 0x12, 0x30, 3, 0x45, 0, 0, 0, 5, 0x12, 0x34, 0x50, 0, 0, 1], coding: 2)
                == [0, 0, 0, 0, 0, 0] + [1, 2, 3, 4, 5, 0] + [1, 2, 3, 4, 5, 4])
        #expect(try indices([6, 1, 0, 0, 6, 2, 0, 0, 6, 3], coding: 1)?.first == 3)
        #expect(try indices([6, 1, 0, 0, 6, 2, 0, 0, 5, 3], coding: 1) == nil)
    }

    @Test func movesBeyondTheImageAreSurvived() throws {
        #expect(try indices([0, 2, 255, 255, 6, 1, 0, 1], coding: 1) != nil)
        #expect(try indices([0, 2, 255, 0, 6, 1, 0, 1], coding: 1) != nil)
    }
}
