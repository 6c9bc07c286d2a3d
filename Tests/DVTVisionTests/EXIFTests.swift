import Testing

@testable import DVTVision

/// Orientation data, valid (all in the fixtures) and invalid.
struct EXIFTests {
    private static let good: [UInt8] = [
        0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
    ]

    @Test func prefixIsOptional() {
        #expect(EXIFOrientation(exif: Self.good[...]) == .quarterTurn)
        let prefixed = EXIFOrientation.prefix + Self.good
        #expect(EXIFOrientation(exif: prefixed[...]) == .quarterTurn)
    }

    @Test func everyCutMeansUpright() {
        for cut in 0..<20 {
            #expect(EXIFOrientation(exif: Self.good[..<cut]) == .upright)
        }
    }

    @Test func everyBitFlipIsSurvived() {
        for flipped in Damage.bitFlips(Self.good, in: Self.good.indices) {
            _ = EXIFOrientation(exif: flipped[...])
        }
    }

    /// Directories past the end, inside themselves, and with more entries than bytes.
    @Test func invalidDirectoriesMeanUpright() {
        for offset in [0, 26, 27, 0x7FFF_FFFF, UInt32.max] {
            var bytes = Self.good
            bytes.replaceSubrange(4..<8, with: Damage.bigEndian(offset))
            #expect(EXIFOrientation(exif: bytes[...]) == .upright)
        }
        var crowded = Self.good
        crowded.replaceSubrange(8..<12, with: [0xFF, 0xFF, 0, 0])
        #expect(EXIFOrientation(exif: crowded[...]) == .upright)
    }

    @Test func cyclicDirectoriesTerminate() {
        var bytes = Self.good
        bytes.replaceSubrange(22..<26, with: Damage.bigEndian(8))
        #expect(EXIFOrientation(exif: bytes[...]) == .quarterTurn)
    }

    @Test func otherValuesMeanUpright() {
        for value in [0, 9, 255] as [UInt8] {
            var bytes = Self.good
            bytes[19] = value
            #expect(EXIFOrientation(exif: bytes[...]) == .upright)
        }
    }

    @Test func invalidDataInAFileIsIgnored() throws {
        var bytes = try Fixtures.bytes("exif6-mm.jpg")
        let exif = try #require(
            bytes.indices.first { bytes[$0...].starts(with: EXIFOrientation.prefix) })
        bytes[exif + 10] = 0xFF
        let image = try ImageDecoder.decode(bytes, name: "exif", applyingOrientation: true)
        #expect(image.width == 11 && image.height == 6)
    }
}
