import DVTCore
import DVTVision
import Testing

@testable import DVTTraining

/// The complete augmentation of an image.
@Suite struct ImageAugmentationTests {
    private static let preprocessing = Preprocessing.default(imageSize: 16)

    private func augmentation(
        _ configuration: AugmentationConfiguration, seed: UInt64 = 1
    ) throws -> ImageAugmentation {
        try ImageAugmentation(configuration, preprocessing: Self.preprocessing, seed: seed)
    }

    private func image() throws -> RGBImage { try Fixtures.strip("image.png")[0] }

    @Test func withoutAugmentationImagesEqualEvaluation() throws {
        let image = try image()
        let tensor = try augmentation(.none).tensor(from: image, epoch: 3, index: 5)
        #expect(tensor == Self.preprocessing.tensor(from: image))
    }

    /// Changing the seed, the epoch or the index changes the draws.
    @Test func drawsDependOnSeedEpochAndIndex() throws {
        let image = try image()
        let standard = try augmentation(.standard)
        let first = standard.tensor(from: image, epoch: 0, index: 0)
        #expect(first.shape == [1, 3, 16, 16])
        #expect(try augmentation(.standard).tensor(from: image, epoch: 0, index: 0) == first)
        #expect(standard.tensor(from: image, epoch: 1, index: 0) != first)
        #expect(standard.tensor(from: image, epoch: 0, index: 1) != first)
        #expect(
            try augmentation(.standard, seed: 2).tensor(from: image, epoch: 0, index: 0) != first)
    }

    /// One kind of draw does not change the others.
    @Test func disablingOneLeavesTheOthersUnchanged() throws {
        let image = try image()
        var configuration = AugmentationConfiguration.standard
        configuration.erasing = nil
        configuration.flipProbability = 0
        let (whole, less) = (try augmentation(.standard), try augmentation(configuration))
        var same = 0
        for index in 0..<100 {
            let one = whole.augmented(image, epoch: 0, index: index)
            if one == less.augmented(image, epoch: 0, index: index) { same += 1 }
        }
        // All that are not mirrored: 50 with a deviation of 5.
        #expect(abs(same - 50) < 25)
    }

    @Test func halfOfImagesIsMirrored() throws {
        let image = try image()
        let flips = try augmentation(AugmentationConfiguration(flipProbability: 0.5))
        let plain = Self.preprocessing.square(of: image)
        let results = (0..<400).map { flips.augmented(image, epoch: 0, index: $0) }
        #expect(results.allSatisfy { $0 == plain || $0 == plain.mirrored() })
        // 200 with a deviation of 10.
        #expect(abs(results.count { $0 == plain } - 200) < 50)
    }

    @Test func imagesOfAnySizeAreResizedToTheModel() throws {
        for (width, height) in [(1, 1), (3, 200), (200, 3), (16, 16), (40, 30)] {
            let image = RGBImage(
                width: width, height: height,
                pixels: [UInt8](repeating: 90, count: width * height * 3))
            for configuration in [AugmentationConfiguration.none, .light, .standard] {
                let augmentation = try augmentation(configuration)
                for index in 0..<20 {
                    let values = augmentation.tensor(from: image, epoch: 0, index: index).values
                    #expect(values.allSatisfy { $0.isFinite })
                }
            }
        }
    }

    @Test func settingsOutsideTheirRangesAreRefused() {
        func problem(_ change: (inout AugmentationConfiguration) -> Void) -> String? {
            var configuration = AugmentationConfiguration.standard
            change(&configuration)
            do throws(TrainingInputError) {
                try configuration.check()
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(problem { _ in } == nil && problem { $0 = .none } == nil)
        #expect(
            problem { $0.flipProbability = 1.5 }
                == "augmentation: the flip's probability is 1.5; give 0 to 1")
        #expect(problem { $0.crop = .padded(-1) }?.contains("is -1; give 0 to 1024") == true)
        #expect(problem { $0.crop = .resized(area: 0...1) }?.contains("above 0") == true)
        #expect(problem { $0.randAugment?.magnitude = 11 }?.contains("is 11.0; give 0") == true)
        #expect(problem { $0.randAugment?.magnitude = .nan }?.contains("nan") == true)
        #expect(problem { $0.erasing?.aspectRatio = 0...1 } != nil)
        #expect(problem { $0.mixing?.mixupAlpha = -1 }?.contains("0 (off) or") == true)
        #expect(problem { $0.labelSmoothing = 1 }?.contains("below 1") == true)
    }
}
