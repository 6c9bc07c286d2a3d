import DVTSupport
import Testing

@testable import DVTVision

/// Images as pages show them.
@Suite struct ShownImageTests {
    /// An image whose colors change slowly: red from left to right, green from top to bottom.
    private func slope(width: Int, height: Int) -> RGBImage {
        var pixels: [UInt8] = []
        for row in 0..<height {
            for column in 0..<width {
                pixels += [UInt8(255 * column / width), UInt8(255 * row / height), 128]
            }
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    private func largestDifference(_ one: RGBImage, _ other: RGBImage) -> Int {
        zip(one.pixels, other.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
    }

    /// A larger image shows the same square: scaled down to the model's size, it equals the input.
    @Test(arguments: [(300, 200), (200, 300), (256, 256), (641, 480)])
    func moreDetailShowsTheSameSquare(width: Int, height: Int) {
        let preprocessing = Preprocessing.default(imageSize: 56)
        let image = slope(width: width, height: height)
        let square = preprocessing.square(of: image)
        #expect(square.width == 56 && square.height == 56)
        let shown = preprocessing.square(of: image, scale: 3)
        #expect(shown.width == 168 && shown.height == 168)
        let back = shown.resized(width: 56, height: 56, filter: .bilinear)
        #expect(largestDifference(back, square) <= 3)
    }

    @Test func jpegStaysCloseToTheImage() throws {
        let image = slope(width: 61, height: 37)
        let bytes = try JPEGEncoder.encode(image, name: "x")
        let back = try ImageDecoder.decode(bytes, name: "x", applyingOrientation: true)
        #expect(back.width == 61 && back.height == 37)
        #expect(largestDifference(back, image) <= 8)
    }

    @Test func imagesTooLargeForJPEGAreRefused() {
        let image = RGBImage(width: 65_501, height: 1, pixels: .init(repeating: 0, count: 196_503))
        let error = #expect(throws: ImageError.self) {
            try JPEGEncoder.encode(image, name: "wide.png")
        }
        #expect(error?.description.hasPrefix("wide.png: cannot be encoded as JPEG: ") == true)
    }
}
