import Testing

@testable import DVTVision

/// Truncated, damaged and malicious JPEG files.
struct DamagedJPEGTests {
    @Test(arguments: ["small.jpg", "progressive.jpg", "restarts.jpg", "exif6-ii.jpg", "cmyk.jpg"])
    func everyCutIsRefused(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        let boundaries = Damage.jpegBoundaries(bytes)
        #expect(boundaries.count > 10)
        #expect(boundaries.last == bytes.count - 1)
        // Every offset of a short file, and so every boundary; many offsets of the others.
        let spaced = stride(from: 0, to: bytes.count, by: bytes.count < 300 ? 1 : 7)
        for cut in boundaries + spaced {
            let error = try #require(decodingError(of: Array(bytes[..<cut]), name: name))
            #expect(isOneLine(error.description) && error.path == name)
            switch error {
            case .truncated(_, let byteCount): #expect(byteCount == cut)
            case .empty: #expect(cut == 0)
            case .unknownFormat: #expect(cut < 3)
            default: Issue.record("cut at \(cut): \(error)")
            }
        }
    }

    /// Each flip gives an image of the declared size or a one-line error; JPEG has no checksum.
    @Test(arguments: ["small.jpg", "rgb420.jpg", "progressive.jpg", "exif6-ii.jpg", "ycck.jpg"])
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
        // Most flips only change pixels or tables; Pillow decodes those images as well.
        #expect(imageCount > bytes.count)
    }

    /// Valid codings that libjpeg-turbo does not decode to 8 bits.
    @Test func otherCodingsAreNotSupported() throws {
        let bytes = try Fixtures.bytes("small.jpg")
        let frame = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xC0]) })
        var (deep, lossless) = (bytes, bytes)
        deep[frame + 4] = 12
        lossless[frame + 1] = 0xC3
        for (bytes, name) in [
            (deep, "JPEG file with 12 bits per sample"), (lossless, "lossless JPEG file"),
        ] {
            #expect(
                decodingError(of: bytes) == .unsupported(path: "image", reason: "is a \(name)"))
        }
    }

    @Test func largeHeaderIsRefusedBeforeDecoding() throws {
        let bytes = try Fixtures.bytes("small.jpg")
        let huge = Damage.jpeg(bytes, width: 65_500, height: 65_500)
        #expect(
            decodingError(of: huge)
                == .tooManyPixels(
                    path: "image", width: 65_500, height: 65_500, limit: 178_956_970))
        let large = Damage.jpeg(bytes, width: 13_000, height: 13_000)
        #expect(
            decodingError(of: large)
                == .unjustifiedSize(
                    path: "image", width: 13_000, height: 13_000, needed: 1625 * 1625 / 8,
                    byteCount: bytes.count))
    }

    /// The smallest possible file for its size: uniform gray with optimized tables.
    @Test func flatImagesAreNotSuspected() throws {
        let bytes = try Fixtures.bytes("flat.jpg")
        let image = try ImageDecoder.decode(bytes, name: "flat", applyingOrientation: false)
        #expect(image.width == 2000 && image.height == 1200)
    }

    @Test func zeroSizeIsRefused() throws {
        let bytes = try Fixtures.bytes("small.jpg")
        for (width, height) in [(0, 9), (12, 0), (0, 0)] as [(UInt16, UInt16)] {
            let error = decodingError(of: Damage.jpeg(bytes, width: width, height: height))
            #expect(error?.description.contains("declares \(width)x\(height) pixels") == true)
        }
    }

    @Test func aFileWithoutImageIsRefused() {
        let error = decodingError(of: [0xFF, 0xD8, 0xFF, 0xD9])
        #expect(error == .damaged(path: "image", format: "JPEG", reason: "it holds no image"))
    }

    @Test func otherComponentCountsAreRefused() throws {
        var bytes = try Fixtures.bytes("rgb444.jpg")
        let frame = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xC0]) })
        bytes[frame + 9] = 2
        let error = decodingError(of: bytes)
        #expect(error?.description.contains("2 color components; save it again") == true)
    }

    /// Libjpeg completes missing data with a warning; here it is an error, even with an end marker.
    @Test func warningsDoNotHideErrors() throws {
        let bytes = try Fixtures.bytes("rgb420.jpg")
        let scan = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xDA]) })
        // Junk before a marker is a warning, an unknown kind of table an error.
        let junk: [UInt8] = [1, 2, 3, 0xFF, 0xC4, 0, 3, 0x7F]
        let broken = Array(bytes[..<scan]) + junk + bytes[scan...]
        guard case .damaged(_, "JPEG", let reason)? = decodingError(of: broken) else {
            Issue.record("the broken table was not noticed")
            return
        }
        #expect(!reason.contains("extraneous"))
        // Junk without other damage is ignored, as by Pillow.
        let dirty = Array(bytes[..<scan]) + junk[..<3] + bytes[scan...]
        #expect(
            try ImageDecoder.decode(dirty, name: "dirty", applyingOrientation: false)
                == ImageDecoder.decode(bytes, name: "clean", applyingOrientation: false))
    }
}
