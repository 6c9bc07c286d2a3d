import DVTVision
import Testing

@testable import DVTTraining

/// The crops of images.
@Suite struct CropTests {
    @Test func boxesHaveTheAreasAndRatiosAskedFor() {
        var random = numbers()
        var areas: [Double] = []
        for _ in 0..<4000 {
            let box = CropBox(
                width: 200, height: 150, area: 0.08...1, aspectRatio: 3.0 / 4...4.0 / 3,
                random: &random)
            #expect(box.columns.lowerBound >= 0 && box.columns.upperBound <= 200)
            #expect(box.rows.lowerBound >= 0 && box.rows.upperBound <= 150)
            let (width, height) = (Double(box.columns.count), Double(box.rows.count))
            // Whole pixels: off by half a pixel of some 40 at least.
            #expect((0.73...1.37).contains(width / height))
            areas.append(width * height / (200 * 150))
        }
        #expect(areas.allSatisfy { (0.077...1).contains($0) })
        // Uniform from 0.08 to 1, except for the largest, which fit fewer ratios.
        #expect((0.42...0.54).contains(areas.mean) && areas.contains { $0 < 0.1 })
        #expect(areas.contains { $0 > 0.9 })
    }

    /// A whole image does not fit another ratio: the fallback is the largest box in the center.
    @Test func imagesOfOtherRatiosAreCroppedInTheCenter() {
        var random = numbers()
        func box(_ width: Int, _ height: Int) -> CropBox {
            CropBox(
                width: width, height: height, area: 1...1, aspectRatio: 3.0 / 4...4.0 / 3,
                random: &random)
        }
        #expect(box(100, 9) == CropBox(left: 44, top: 0, width: 12, height: 9))
        #expect(box(9, 101) == CropBox(left: 0, top: 44, width: 9, height: 12))
        #expect(box(1, 1000) == CropBox(left: 0, top: 499, width: 1, height: 1))
    }

    @Test func shiftedCropsArePaddedWithBlack() {
        let image = RGBImage(width: 2, height: 2, pixels: (1...12).map { UInt8($0) })
        #expect(image.shifted(x: 0, y: 0) == image)
        #expect(image.shifted(x: 1, y: 0).pixels == [4, 5, 6, 0, 0, 0, 10, 11, 12, 0, 0, 0])
        #expect(image.shifted(x: -1, y: -1).pixels == [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3])
        #expect(image.shifted(x: 0, y: 1).pixels == [7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0])
        #expect(image.shifted(x: 5, y: 0).pixels == [UInt8](repeating: 0, count: 12))
        #expect(image.shifted(x: 0, y: -7).pixels == [UInt8](repeating: 0, count: 12))
    }

    /// All 81 offsets of a padding of 4 occur; the position of white identifies each.
    @Test func paddedCropsReachEveryPlace() throws {
        var pixels = [UInt8](repeating: 0, count: 9 * 9 * 3)
        for sample in 0..<3 { pixels[(4 * 9 + 4) * 3 + sample] = 255 }
        let image = RGBImage(width: 9, height: 9, pixels: pixels)
        let augmentation = try ImageAugmentation(
            AugmentationConfiguration(crop: .padded(4)),
            preprocessing: Preprocessing(shorterSide: 9, imageSize: 9), seed: 1)
        let places = (0..<2000).map {
            augmentation.augmented(image, epoch: 0, index: $0).pixels.firstIndex(of: 255)
        }
        #expect(Set(places).count == 81 && !places.contains(nil))
    }
}
