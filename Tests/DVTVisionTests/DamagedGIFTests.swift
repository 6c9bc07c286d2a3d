import Testing

@testable import DVTVision

/// Truncated, damaged and malicious GIF files.
struct DamagedGIFTests {
    @Test(arguments: ["gif-1x1.gif", "gif-animated.gif", "gif-interlaced.gif", "gif-local.gif"])
    func everyCutIsRefused(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        for cut in bytes.indices {
            let error = try #require(decodingError(of: Array(bytes[..<cut]), name: name))
            #expect(isOneLine(error.description) && error.path == name)
            switch error {
            case .truncated(_, let byteCount): #expect(byteCount == cut)
            case .empty: #expect(cut == 0)
            case .unknownFormat: #expect(cut < 6)
            default: Issue.record("cut at \(cut): \(error)")
            }
        }
    }

    /// Each flip gives an image or a one-line error; GIF has no checksum.
    @Test(arguments: ["gif-1x1.gif", "gif-animated.gif", "gif-interlaced.gif", "gif-8.gif"])
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
        // Half of the flips at least only change colors, pixels or timing.
        #expect(imageCount > 4 * bytes.count / 2)
    }

    @Test func largeSizesAreRefusedBeforeDecoding() throws {
        let bytes = try Fixtures.bytes("gif-8.gif")
        // The palette of 256 colors follows the screen; the descriptor follows it.
        let frame = 13 + 768
        #expect(bytes[frame] == 0x2C)
        var screen = bytes
        screen.replaceSubrange(6..<10, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(
            decodingError(of: screen)
                == .tooManyPixels(
                    path: "image", width: 65_535, height: 65_535, limit: ImageDecoder.pixelLimit))
        // 13,000 by 13,000 pixels, of the screen and of the frame.
        screen.replaceSubrange(6..<10, with: [0xC8, 0x32, 0xC8, 0x32])
        #expect(
            decodingError(of: screen)
                == .unjustifiedSize(
                    path: "image", width: 13_000, height: 13_000, needed: 13_000 * 13_000 / 4096,
                    byteCount: bytes.count))
        // 4,000 by 4,000 pixels may be empty, but not be coded in so few bytes.
        var large = bytes
        large.replaceSubrange(frame + 5..<frame + 9, with: [0xA0, 0x0F, 0xA0, 0x0F])
        guard case .unjustifiedSize(_, 4000, 4000, let needed, _)? = decodingError(of: large) else {
            Issue.record("the frame's size was believed")
            return
        }
        #expect(needed == 4000 * 4000 / 2730)
    }

    @Test func framesWithoutPixelsAreRefused() throws {
        var bytes = try Fixtures.bytes("gif-8.gif")
        bytes.replaceSubrange(13 + 768 + 5..<13 + 768 + 7, with: [0, 0])
        #expect(
            decodingError(of: bytes)
                == .damaged(
                    path: "image", format: "GIF", reason: "its first frame has 0x23 pixels"))
    }

    @Test func filesWithoutFramesAreRefused() {
        let bytes = Array("GIF89a".utf8) + [9, 0, 7, 0, 0, 0, 0, 0x3B]
        #expect(
            decodingError(of: bytes)
                == .damaged(path: "image", format: "GIF", reason: "it holds no image"))
    }

    /// The samples are complete blocks, but end before the last row.
    @Test func missingSamplesAreNoticed() throws {
        var bytes = try Fixtures.bytes("gif-no-palette.gif")
        let samples = 13 + 10 + 1
        let count = Int(bytes[samples])
        #expect(count > 100)
        bytes = bytes[..<samples] + [100] + bytes[samples + 1..<samples + 101] + [0, 0x3B]
        #expect(
            decodingError(of: bytes)
                == .damaged(
                    path: "image", format: "GIF",
                    reason: "its image data is damaged, or ends early"))
    }

    /// Damage after the first frame changes no pixel.
    @Test func laterFramesAreNotDecoded() throws {
        let bytes = try Fixtures.bytes("gif-animated.gif")
        let last = bytes.count - 3
        var damaged = bytes
        damaged[last] ^= 0xFF
        #expect(
            try ImageDecoder.decode(damaged, name: "damaged", applyingOrientation: true)
                == ImageDecoder.decode(bytes, name: "clean", applyingOrientation: true))
    }
}
