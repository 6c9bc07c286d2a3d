import DVTCore
import Testing

@testable import DVTVision

/// Compares preprocessing bit for bit with torchvision's arithmetic on Pillow's pixels.
struct PreprocessingTests {
    @Test func everyCaseEqualsTorchvision() throws {
        let table = try Fixtures.table("preprocess.txt")
        #expect(table.count >= 60)
        for row in table {
            let preset = try #require(PreprocessingPreset(rawValue: row[0]))
            let preprocessing = preset.preprocessing(imageSize: try row.number(1))
            let image = noiseImage(
                seed: try row.number(2), width: try row.number(3), height: try row.number(4))
            let tensor = preprocessing.tensor(from: image)
            #expect(tensor.shape == preprocessing.shape)
            let bytes = tensor.values.withUnsafeBytes { Array($0) }
            #expect(Int(crc32(bytes)) == (try row.number(5)), "\(row)")
        }
    }

    @Test func presetsHaveTheirPublishedSizes() {
        #expect(Preprocessing.default.shorterSide == 256)
        #expect(Preprocessing.authors.shorterSide == 256)
        #expect(Preprocessing.timm.shorterSide == 248)
        #expect(Preprocessing.timm(imageSize: 384).shorterSide == 426)
        #expect(Preprocessing.authors(imageSize: 384).shorterSide == 438)
        #expect(Preprocessing.default.applyingOrientation)
        #expect(!Preprocessing.authors.applyingOrientation)
        #expect(!Preprocessing.timm.applyingOrientation)
        #expect(Preprocessing.default.shape == [1, 3, 224, 224])
        for preset in PreprocessingPreset.allCases {
            for size in 1...600 {
                #expect(preset.preprocessing(imageSize: size).shorterSide >= size)
            }
        }
    }

    @Test func writesIntoItsPlaceInABatch() {
        let preprocessing = Preprocessing.default(imageSize: 8)
        let image = noiseImage(seed: 3, width: 20, height: 10)
        let single = preprocessing.tensor(from: image).values
        var batch = [Float](repeating: 7, count: 3 * single.count)
        preprocessing.write(image, to: &batch, at: single.count)
        #expect(Array(batch[..<single.count]).allSatisfy { $0 == 7 })
        #expect(Array(batch[single.count..<2 * single.count]) == single)
        #expect(Array(batch[(2 * single.count)...]).allSatisfy { $0 == 7 })
    }

    /// The whole resized image would have 65,000 * 256 columns; only the square is computed.
    @Test(arguments: [(1, 65_000), (65_000, 1), (2, 60_000)])
    func extremeRatiosTakeLittleMemory(width: Int, height: Int) {
        let image = RGBImage(
            width: width, height: height,
            pixels: [UInt8](repeating: 128, count: width * height * 3))
        let tensor = Preprocessing.default.tensor(from: image)
        let expected = (Float(128) / 255 - 0.485) / Float(0.229)
        #expect(tensor.values[..<50_176].allSatisfy { $0 == expected })
    }
}
