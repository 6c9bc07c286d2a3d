import DVTModel
import DVTVision
import Testing

/// Preprocessing from model cards.
@Suite struct ModelCardImagesTests {
    @Test(arguments: ["dvt-deit-small", "deit-small", "t2t-vit-12", "tiny-deit"])
    func ownModelsPreprocessAsTheAuthorsEvaluate(name: String) throws {
        let card = try ModelCard.named(name)
        #expect(try Preprocessing(card) == .default)
        #expect(try Preprocessing(card, applyingOrientation: false) == .authors)
    }

    /// timm's configurations: a crop of 0.9 at 224 pixels and none at 384.
    @Test(arguments: [
        ("deit_small_patch16_224", 248, Float(0.485)), ("vit_base_patch16_224", 248, 0.5),
        ("google/vit-base-patch16-384", 384, 0.5),
    ])
    func plainModelsPreprocessAsTimmEvaluates(
        name: String, shorterSide: Int, red: Float
    ) throws {
        let preprocessing = try Preprocessing(.named(name))
        #expect(preprocessing.shorterSide == shorterSide)
        #expect(preprocessing.mean.x == red)
        #expect(preprocessing.filter == .bicubic)
    }

    @Test func theMindSporeModelResizesBilinearly() throws {
        let preprocessing = try Preprocessing(.named("mindspore-dvt-deit-small"))
        #expect(preprocessing.filter == .bilinear && preprocessing.shorterSide == 256)
    }

    @Test func otherChannelCountsAreRefused() throws {
        let json = #"{"model": "tiny-deit", "channels": 1, "name": "gray"}"#
        let card = try ModelCard(json: Array(json.utf8), origin: "gray.json")
        let error = #expect(throws: ModelError.self) { try Preprocessing(card) }
        #expect(error?.description.hasPrefix("model gray: it takes 1 channels") == true)
    }
}
