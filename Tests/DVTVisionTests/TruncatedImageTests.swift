import Testing

@testable import DVTVision

/// Files that end before their image does, where they are used as far as they go.
struct TruncatedImageTests {
    private func decode(
        _ bytes: some Sequence<UInt8>, _ rule: TruncationRule = .use
    ) throws(ImageError) -> DecodedImage {
        try ImageDecoder.decode(
            Array(bytes), name: "image", options: DecodingOptions(truncation: rule))
    }

    /// The pixels are those of Pillow with `ImageFile.LOAD_TRUNCATED_IMAGES`.
    @Test func everyCutEqualsPillow() throws {
        let table = try Fixtures.table("truncated.txt")
        #expect(table.count >= 40)
        for row in table {
            let cut = try Fixtures.bytes(row[0]).prefix(try row.number(1))
            let decoded = try decode(cut)
            let description = "\(row[0]) after \(row[1]) bytes"
            #expect(decoded.image.width == (try row.number(3)), "\(description)")
            #expect(decoded.image.height == (try row.number(4)), "\(description)")
            #expect(Int(crc32(decoded.image.pixels)) == (try row.number(5)), "\(description)")
            let missing = decoded.incomplete.map { "\($0.missing)" }
            #expect(missing == row[2], "\(description)")
            #expect(throws: ImageError.truncated(path: "image", byteCount: cut.count)) {
                try decode(cut, .refuse)
            }
        }
    }

    /// A segment that is not complete is left out; Pillow would use nothing of the file.
    @Test func scansBeforeACutSegmentAreUsed() throws {
        let bytes = try Fixtures.bytes("progressive.jpg")
        let boundaries = Damage.jpegBoundaries(bytes).sorted()
        // The last scan's tables begin at the end of the scan before.
        let tables = try #require(
            boundaries.last { bytes[$0...].starts(with: [0xFF, 0xC4]) && $0 > 700 })
        let expected = try decode(bytes[..<tables])
        for cut in tables + 1...tables + 30 {
            #expect(try decode(bytes[..<cut]) == expected, "\(cut)")
        }
        #expect(expected.incomplete?.missing == .detail)
    }

    /// Complete files are decoded as ever.
    @Test func completeFilesLackNothing() throws {
        for row in try Fixtures.table("decode.txt") {
            let decoded = try decode(Fixtures.bytes(row[0]))
            #expect(decoded.incomplete == nil, "\(row[0])")
            #expect(Int(crc32(decoded.image.pixels)) == (try row.number(6)), "\(row[0])")
        }
    }

    /// Every cut gives an image that says what it lacks, or an error in one line.
    @Test(arguments: [
        "small.jpg", "progressive.jpg", "restarts.jpg", "exif6-ii.jpg", "cmyk.jpg",
        "png-c2-d08.png", "png-c3-d08-adam7.png", "gif-animated.gif", "gif-interlaced.gif",
        "gif-local.gif", "bmp-rle8.bmp", "bmp-4.bmp", "webp-animated.webp", "webp-profile.webp",
        "webp-exif6-mm.webp", "webp-small.webp",
    ])
    func everyCutIsSurvived(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        var imageCount = 0
        for cut in 0..<bytes.count {
            do throws(ImageError) {
                let decoded = try decode(bytes[..<cut])
                imageCount += 1
                if let incomplete = decoded.incomplete {
                    #expect(incomplete.path == "image" && isOneLine(incomplete.description))
                } else {
                    // Padding, or what the image does not need.
                    #expect(cut >= bytes.count - 3, "\(cut) of \(bytes.count)")
                }
            } catch {
                #expect(isOneLine(error.description))
            }
        }
        // These two end with their image data.
        #expect(imageCount > 0 || ["webp-small.webp", "webp-profile.webp"].contains(name))
    }

    /// A file that ends before its image data has nothing to use.
    @Test func headersAloneAreRefused() throws {
        for (name, cut) in [
            ("rgb420.jpg", 300), ("png-c2-d08.png", 40), ("gif-8.gif", 700), ("bmp-24.bmp", 54),
            ("webp-lossy.webp", 300),
        ] {
            let bytes = try Fixtures.bytes(name)
            #expect(throws: ImageError.truncated(path: "image", byteCount: cut)) {
                try decode(bytes[..<cut])
            }
        }
    }

    /// Other damage is an error as ever: the rule is about ends.
    @Test func damageIsRefused() throws {
        var bytes = try Fixtures.bytes("png-c2-d08.png")
        bytes[60] ^= 1
        #expect(decodingError(of: bytes) != nil)
        #expect(throws: ImageError.self) { try decode(bytes) }
        #expect(throws: ImageError.self) { try decode(bytes.dropLast(12)) }
    }

    @Test func theLoaderTellsWhatIsMissing() throws {
        let folder = try TemporaryFolder()
        let bytes = try Fixtures.bytes("rgb420.jpg")
        let path = try folder.write(Array(bytes.dropLast(2)), to: "cut.jpg")
        var preprocessing = Preprocessing(shorterSide: 8, imageSize: 8)
        for workers in [0, 2] {
            preprocessing.decoding.truncation = .refuse
            var loader = ImageLoader(
                paths: [path], preprocessing: preprocessing, workers: workers)
            let refused = try #require(loader.next())
            #expect(throws: ImageError.self) { try refused.result.get() }
            #expect(refused.incomplete == nil)
            preprocessing.decoding.truncation = .use
            loader = ImageLoader(paths: [path], preprocessing: preprocessing, workers: workers)
            let used = try #require(loader.next())
            #expect(try used.result.get().count == 3 * 8 * 8)
            #expect(used.incomplete == IncompleteImage(path: path, missing: .endMarker))
        }
    }
}
