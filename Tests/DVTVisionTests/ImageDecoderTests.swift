import Testing

@testable import DVTVision

/// Compares images of every kind with Pillow's pixels.
struct ImageDecoderTests {
    @Test func everyFixtureEqualsPillow() throws {
        let table = try Fixtures.table("decode.txt")
        #expect(table.count >= 100)
        for row in table {
            let path = Fixtures.path(row[0])
            let stored = try ImageDecoder.decode(path: path, applyingOrientation: false)
            #expect(stored.width == (try row.number(1)), "\(row[0])")
            #expect(stored.height == (try row.number(2)), "\(row[0])")
            #expect(Int(crc32(stored.pixels)) == (try row.number(3)), "\(row[0])")
            let upright = try ImageDecoder.decode(path: path, applyingOrientation: true)
            #expect(upright.width == (try row.number(4)), "\(row[0])")
            #expect(upright.height == (try row.number(5)), "\(row[0])")
            #expect(Int(crc32(upright.pixels)) == (try row.number(6)), "\(row[0])")
        }
    }

    /// Other images, among them gray with alpha and color of 16 bits, are converted as ever.
    @Test func onlyPlainGrayOf16BitsIsConvertedAsAsked() throws {
        func crc(_ name: String, _ gray16: Gray16Conversion) throws -> Int {
            let options = DecodingOptions(applyingOrientation: false, gray16: gray16)
            let decoded = try ImageDecoder.decode(path: Fixtures.path(name), options: options)
            return Int(crc32(decoded.image.pixels))
        }
        let grays = try Fixtures.table("gray16.txt")
        #expect(grays.count == 3)
        for row in grays {
            #expect(try crc(row[0], .clipped) == (try row.number(1)), "\(row[0])")
            #expect(try crc(row[0], .rounded) == (try row.number(2)), "\(row[0])")
        }
        let others = try Fixtures.table("decode.txt").filter { row in
            row[0].hasPrefix("png") && !grays.contains { $0[0] == row[0] }
        }
        #expect(others.count > 30)
        for row in others {
            #expect(try crc(row[0], .clipped) == (try row.number(3)), "\(row[0])")
            #expect(try crc(row[0], .rounded) == (try row.number(3)), "\(row[0])")
        }
    }

    @Test func formatIsRecognizedByContent() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(try Fixtures.bytes("png-small.png"), to: "wrong.jpg")
        let image = try ImageDecoder.decode(path: path, applyingOrientation: false)
        #expect(image.width == 7 && image.height == 5)
    }

    @Test func bytesAndFileAgree() throws {
        let bytes = try Fixtures.bytes("rgb420.jpg")
        let path = Fixtures.path("rgb420.jpg")
        #expect(
            try ImageDecoder.decode(bytes, name: "bytes", applyingOrientation: true)
                == ImageDecoder.decode(path: path, applyingOrientation: true))
    }
}
