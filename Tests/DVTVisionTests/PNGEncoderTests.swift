import Testing

@testable import DVTVision

/// Encoding and decoding again.
@Suite struct PNGEncoderTests {
    @Test(arguments: [(1, 1), (1, 9), (31, 2), (32, 32), (257, 65)])
    func decodesToTheSamePixels(width: Int, height: Int) throws {
        let image = noiseImage(seed: width, width: width, height: height)
        let file = try PNGEncoder.encode(image)
        #expect(
            try ImageDecoder.decode(file, name: "noise", applyingOrientation: true) == image)
    }

    /// Only what a decoder needs: neither dates nor names of programs.
    @Test func hasNoAncillaryChunks() throws {
        let file = try PNGEncoder.encode(noiseImage(seed: 1, width: 8, height: 8))
        let text = String(decoding: file, as: Unicode.ASCII.self)
        #expect(text.contains("IHDR") && text.contains("IDAT") && text.contains("IEND"))
        for name in ["tEXt", "tIME", "gAMA", "pHYs"] {
            #expect(!text.contains(name))
        }
    }

    @Test func tooWideImagesAreRefused() {
        let image = RGBImage(
            width: 1_000_001, height: 1, pixels: Array(repeating: 0, count: 3_000_003))
        let error = #expect(throws: PNGEncodingError.self) { try PNGEncoder.encode(image) }
        #expect(error?.width == 1_000_001 && error?.height == 1)
        #expect(error.map { isOneLine($0.description) && !$0.reason.isEmpty } == true)
    }
}
