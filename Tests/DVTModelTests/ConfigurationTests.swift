import DVTCore
import DVTModel
import Testing

@Suite struct ConfigurationTests {
    @Test func patchesCoverTheImage() {
        let stages = [32, 23, 16, 56].map { VisionTransformerConfiguration.deitSmall(patch: $0) }
        #expect(stages.map(\.grid) == [7, 10, 14, 4])
        #expect(stages.map(\.patch.padding) == [0, 3, 0, 0])
    }

    @Test(arguments: CascadeConfiguration.names)
    func everyNameHasAModel(name: String) throws {
        let model = try CascadeConfiguration.named(name)
        #expect(model.name == name)
        let isPlain = name.hasPrefix("deit") || name.hasPrefix("t2t")
        #expect(model.stages.count == (isPlain ? 1 : name.hasPrefix("mindspore") ? 2 : 3))
    }

    /// Names of timm and of Hugging Face's hub: width, depth, patch size and image size.
    @Test(arguments: [
        ("vit_tiny_patch16_224", 192, 12, 16, 224), ("vit_small_patch32_384", 384, 12, 32, 384),
        ("vit_base_patch16_224.augreg_in21k_ft_in1k", 768, 12, 16, 224),
        ("timm/deit_small_patch16_224.fb_in1k", 384, 12, 16, 224),
        ("google/vit-base-patch32-384", 768, 12, 32, 384),
        ("facebook/deit-tiny-patch16-224", 192, 12, 16, 224),
        ("vit_large_patch16_384", 1024, 24, 16, 384), ("vit_huge_patch14_224", 1280, 32, 14, 224),
    ])
    func plainModelsHaveTheNamesOfTimmAndHuggingFace(
        name: String, width: Int, depth: Int, patch: Int, imageSize: Int
    ) throws {
        let stage = try CascadeConfiguration.named(name).stages[0]
        #expect(stage.width == width && stage.depth == depth && stage.imageSize == imageSize)
        #expect(stage.headWidth == (width == 1280 ? 80 : 64))
        #expect(stage.patch == PatchGeometry(kernel: patch))
        #expect(stage.layerNormEpsilon == 1e-6 && stage.hasQKVBias && stage.classes == 1000)
    }

    @Test(arguments: [
        "deit_small_distilled_patch16_224", "facebook/deit-small-distilled-patch16-224",
    ])
    func distilledModelsHaveTwoTokens(name: String) throws {
        let stage = try CascadeConfiguration.named(name).stages[0]
        #expect(stage.prefixTokens == 2 && stage.pooling == .classAndDistillationTokens)
        #expect(stage.featureWidth == 768 && stage.tokens == 198)
    }

    /// Variants whose preprocessing a name does not give are read from their folders.
    @Test(arguments: [
        "vit_small_patch16", "vit_giant_patch14_224", "vit_small_patch14_dinov2",
        "vit_base_patch16_clip_224", "deit3_small_patch16_224", "vit_small_patch15_224",
        "vit_small_patch0_224", "vit_small_patch16_0", "vit", "",
        "vit_small_patch16_2240", "beit_base_patch16_224", "vit_base_patch16_224_in21k", "/", ".",
    ])
    func otherNamesAreUnknown(name: String) {
        #expect(throws: ModelError.self) { try CascadeConfiguration.named(name) }
    }

    @Test func unknownNamesListTheKnownOnes() {
        let error = #expect(throws: ModelError.self) { try CascadeConfiguration.named("vit") }
        #expect(error?.description.contains("dvt-deit-small") == true)
    }

    @Test func oneStageReusesNothing() throws {
        let model = try CascadeConfiguration([.deitTiny(patch: 16)])
        #expect(!model.featureReuse && !model.relationReuse)
    }

    /// Each error is one line that names the numbers that must agree.
    @Test func refusesIncompatibleSettings() {
        var deeper = VisionTransformerConfiguration.deitTiny(patch: 16)
        deeper.depth = 13
        var wide = VisionTransformerConfiguration.deitTiny(patch: 16)
        wide.width = 190
        var other = VisionTransformerConfiguration.deitTiny(patch: 16)
        other.classes = 10
        var huge = VisionTransformerConfiguration.deitTiny(patch: 16)
        huge.depth = .max
        var padded = VisionTransformerConfiguration.deitTiny(patch: 16)
        padded.patch = PatchGeometry(kernel: 16, padding: .max)
        var dense = VisionTransformerConfiguration.deitTiny(patch: 1)
        dense.imageSize = 2048
        let tiny = VisionTransformerConfiguration.deitTiny(patch: 32)
        let cases: [([VisionTransformerConfiguration], String)] = [
            ([], "at least one stage"), ([tiny, deeper], "12 x 3 and 13 x 3"),
            ([wide], "190 is not a multiple of 3"), ([tiny, other], "classes"),
            ([huge], "depth 9223372036854775807 is not in 1...1024"),
            ([.deitTiny(patch: 0)], "patch 0"), ([padded], "padding"), ([dense], "side 2048"),
        ]
        for (stages, part) in cases {
            let error = #expect(throws: ModelError.self) { try CascadeConfiguration(stages) }
            #expect(error?.description.contains(part) == true)
            #expect(error?.description.contains("\n") == false)
        }
    }

    @Test func stagesOfUnequalDepthReuseNoRelations() throws {
        var deeper = VisionTransformerConfiguration.deitTiny(patch: 16)
        deeper.depth = 13
        _ = try CascadeConfiguration([.deitTiny(patch: 32), deeper], relationReuse: false)
    }
}

@Suite struct CostTests {
    /// The published counts: 4.608 G for DeiT-S/16, 1.145 G for DeiT-S/32.
    @Test(arguments: [(16, 4.608), (32, 1.145)])
    func equalsThePublishedCounts(patch: Int, giga: Double) throws {
        let cost = try CascadeConfiguration([.deitSmall(patch: patch)]).stageMultiplyAdds[0]
        #expect((Double(cost) / 1e6).rounded() == giga * 1e3)
    }

    /// The published counts of DVT-T2T-ViT-12, cumulative over its exits.
    @Test func equalsThePublishedCountsOfTheCascade() throws {
        let costs = try CascadeConfiguration.named("dvt-t2t-vit-12").cumulativeMultiplyAdds
        #expect(costs.map { (Double($0) / 1e6).rounded() } == [472, 1459, 3483])
    }

    @Test(arguments: [7, 10, 14])
    func softSplitsProduceTheGrid(grid: Int) {
        let stage = VisionTransformerConfiguration.tokensToToken(
            grid: grid, width: 64, depth: 1, heads: 1, mlpRatio: 2)
        #expect(stage.grid == grid)
        #expect(stage.tokens == grid * grid + 1)
    }

    /// Computed by hand for one block: D 4, H 1, MLP 8, 3 classes, 2 x 2 patches of 1 pixel,
    /// then 1 x 1; E 48 and 128 hidden.
    @Test func countsEveryProduct() throws {
        func stage(_ patch: Int) -> VisionTransformerConfiguration {
            var stage = VisionTransformerConfiguration(
                patch: PatchGeometry(kernel: patch), width: 4, depth: 1, heads: 1, mlpWidth: 8,
                classes: 3)
            stage.imageSize = 2
            stage.channels = 1
            return stage
        }
        let model = try CascadeConfiguration([stage(2), stage(1)])
        // T = 2: patches 4 x 4; qkv and proj 4 x 16; q k and a v 2 x 2 x 4; mlp 64; norms 40;
        // last norm 5 x 2 x 4, head 12.
        let first = 16 + 2 * (64 + 16 + 64 + 40) + 40 + 12
        // T = 5: patches 4 x 4; mlp (4 + 48) x 8 + 32; norms 20 + 5 x 52; feature MLP over 2
        // tokens of 20 + 4 x 128 + 128 x 48; relations over 2 x 2 pairs of 6 products.
        let second =
            16 + 5 * (64 + 40 + 52 * 8 + 32 + 20 + 260) + 100 + 12 + 2 * (20 + 512 + 6144) + 24
        #expect(model.stageMultiplyAdds == [first, second])
        #expect(model.cumulativeMultiplyAdds == [first, first + second])
    }
}
