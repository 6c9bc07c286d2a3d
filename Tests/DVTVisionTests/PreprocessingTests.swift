import DVTCore
import DVTModel
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

    /// Every level of every channel survives normalization.
    @Test(arguments: [
        Preprocessing.authors(imageSize: 16),
        Preprocessing(
            shorterSide: 16, imageSize: 16, mean: SIMD3(repeating: 0.5),
            standardDeviation: SIMD3(0.5, 1, 0.001)),
    ])
    func pixelsAreRestored(preprocessing: Preprocessing) {
        var levels: [UInt8] = []
        for level in 0..<256 {
            levels += [UInt8(level), UInt8(255 - level), UInt8(level * 7 % 256)]
        }
        let image = RGBImage(width: 16, height: 16, pixels: levels)
        let values = preprocessing.normalized(image)
        #expect(preprocessing.pixels(of: values[...]) == image)
        // Also as a part of a batch.
        let batch = values + values
        #expect(preprocessing.pixels(of: batch[values.count..<batch.count]) == image)
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

    /// The sizes that timm 1.0 computes for a crop fraction of 0.8.
    @Test(arguments: [(300, 200), (200, 300), (64, 65), (37, 1)])
    func cropModesKeepDifferentParts(width: Int, height: Int) {
        let image = noiseImage(seed: 5, width: width, height: height)
        func square(_ crop: CropMode, scale: Int = 1) -> RGBImage {
            Preprocessing(shorterSide: 40, imageSize: 32, mean: [0.5, 0.25, 0], crop: crop)
                .square(of: image, scale: scale)
        }
        #expect(square(.none) == image.resized(width: 32, height: 32, filter: .bicubic))
        #expect(
            square(.squash)
                == image.resized(
                    width: 40, height: 40, filter: .bicubic, columns: 4..<36, rows: 4..<36))
        #expect(square(.pad, scale: 3).width == 96)
    }

    /// 300 x 200 becomes 40 x 27: 4 columns are cut on each side, 2 rows added above and 3 below.
    @Test func paddingHasTheColorOfTheMean() {
        let image = noiseImage(seed: 5, width: 300, height: 200)
        let padded = Preprocessing(
            shorterSide: 40, imageSize: 32, mean: [0.5, 0.25, 0], crop: .pad
        ).square(of: image)
        let whole = image.resized(
            width: 40, height: 27, filter: .bicubic, columns: 4..<36, rows: 0..<27)
        let row = (0..<32).flatMap { _ in [128, 64, 0] as [UInt8] }
        #expect(padded.pixels == row + row + whole.pixels + row + row + row)
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
