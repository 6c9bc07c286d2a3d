import Testing

@testable import DVTVision

/// TIFF, HEIC and AVIF, which the package trait MoreImageFormats adds.
struct MoreImageFormatsTests {
    private static let names: [String] =
        (try? Fixtures.table("decode-more.txt").map { $0[0] }) ?? []

    #if MoreImageFormats
    @Test func everyFixtureEqualsPillow() throws {
        let table = try Fixtures.table("decode-more.txt")
        #expect(table.count >= 50)
        for row in table {
            for (options, first) in [
                (DecodingOptions(applyingOrientation: false), 1), (DecodingOptions(), 4),
            ] {
                let image = try ImageDecoder.decode(
                    path: Fixtures.path(row[0]), options: options
                ).image
                #expect(image.width == (try row.number(first)), "\(row[0])")
                #expect(image.height == (try row.number(first + 1)), "\(row[0])")
                #expect(Int(crc32(image.pixels)) == (try row.number(first + 2)), "\(row[0])")
            }
        }
    }

    /// Pillow's plugin has a newer libheif, which rounds the color that pixels share otherwise.
    @Test func sharedColorIsWithinOneLevelOfPillow() throws {
        let image = try ImageDecoder.decode(
            path: Fixtures.path("heic-420.heic"), applyingOrientation: true)
        let expected = try ImageDecoder.decode(
            path: Fixtures.path("heic-420.png"), applyingOrientation: true)
        #expect(image.width == expected.width && image.height == expected.height)
        let most = zip(image.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }.max()
        #expect(try #require(most) <= 1)
    }

    @Test func grayOf16BitsIsConvertedAsAsked() throws {
        for name in ["tiff-gray16.tif", "tiff-gray16-big-endian.tif"] {
            func first(_ gray16: Gray16Conversion) throws -> UInt8 {
                try ImageDecoder.decode(
                    path: Fixtures.path(name), options: DecodingOptions(gray16: gray16)
                ).image.pixels[3 * 36]
            }
            let high = try first(.highByte)
            #expect(try first(.clipped) == 255)
            // The low byte of the pixel is 36.
            let value = Double(high) * 256 + 36
            #expect(Double(try first(.rounded)) == (value / 65_535 * 255).rounded())
        }
    }

    /// Every cut is an error, and every flipped bit gives an image or an error in one line.
    @Test(arguments: [
        "tiff-palette.tif", "tiff-strips.tif", "tiff-rgb-jpeg.tif", "tiff-planes-tiles.tif",
        "tiff-1-group4.tif", "avif-alpha.avif", "heic-444.heic",
    ])
    func damageIsSurvived(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        for cut in stride(from: 0, to: bytes.count - 1, by: 11) {
            if let error = decodingError(of: Array(bytes[..<cut]), name: name) {
                #expect(isOneLine(error.description) && error.path == name)
            } else {
                // The directory may be before the end of the samples' last strip.
                #expect(cut > bytes.count / 2, "\(cut) of \(bytes.count)")
            }
        }
        for offset in stride(from: 0, to: bytes.count, by: 3) {
            for bit in [0, 5, 7] {
                var flipped = bytes
                flipped[offset] ^= 1 << bit
                if let error = decodingError(of: flipped) {
                    #expect(isOneLine(error.description))
                }
            }
        }
    }

    /// The fields of a TIFF file's first directory, changed.
    private func changed(
        _ name: String, _ fields: [UInt16: UInt32]
    ) throws -> [UInt8] {
        var bytes = try Fixtures.bytes(name)
        let directory = Int(bytes.littleEndian32(at: 4))
        for entry in 0..<bytes.littleEndian16(at: directory) {
            let start = directory + 2 + 12 * entry
            guard let value = fields[UInt16(bytes.littleEndian16(at: start))] else { continue }
            bytes.replaceSubrange(
                start + 8..<start + 12, with: Damage.bigEndian(value).reversed())
        }
        return bytes
    }

    @Test func largeSizesAreRefusedBeforeDecoding() throws {
        let name = "tiff-rgb-tiff_lzw.tif"
        guard
            case .tooManyPixels(_, 65_500, 65_500, _)? =
                decodingError(of: try changed(name, [256: 65_500, 257: 65_500])),
            case .unjustifiedSize(_, 13_000, 13_000, _, _)? =
                decodingError(of: try changed(name, [256: 13_000, 257: 13_000]))
        else {
            Issue.record("the size was believed")
            return
        }
        // A number of pixels beyond 64 bits.
        #expect(decodingError(of: try changed(name, [256: .max, 257: .max])) != nil)
        let tiles = "tiff-tiles.tif"
        #expect(decodingError(of: try changed(tiles, [256: .max, 257: .max])) != nil)
    }

    /// 8 stands for the CIE's L*a*b*.
    @Test func otherColorsAreNamed() throws {
        let error = decodingError(of: try changed("tiff-tiles.tif", [262: 8]))
        #expect(
            error
                == .unsupported(
                    path: "image",
                    reason: """
                        is a TIFF file with 3 samples of 8 bits (photometric interpretation 8, \
                        sample format 1, compression 1)
                        """))
    }
    #else
    /// The message says how to read them.
    @Test func theTraitIsNamed() throws {
        #expect(Self.names.count >= 50)
        for name in Self.names {
            let error = try #require(decodingError(of: try Fixtures.bytes(name), name: name))
            let kind =
                name.hasSuffix(".tif")
                ? "a TIFF" : name.hasSuffix(".heic") ? "a HEIC" : "an AVIF"
            #expect(
                error.description == """
                    \(name): is \(kind) file, which dvt reads if built by make build \
                    TRAITS=MoreImageFormats; or convert it to JPEG or PNG
                    """)
        }
    }
    #endif
}
