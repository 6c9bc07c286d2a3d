import DVTCore
import DVTModel
import Testing

private func card(_ json: String) throws -> ModelCard {
    try ModelCard(json: Array(json.utf8), origin: "cascade.json")
}

@Suite struct ModelCardTests {
    @Test(
        arguments: CascadeConfiguration.names + [
            "vit_base_patch16_384", "google/vit-base-patch32-384",
        ])
    func cardsRoundTrip(name: String) throws {
        var written = try ModelCard.named(name)
        let exits = written.configuration.stages.count - 1
        written.thresholds = (0..<exits).map { [-1e8, 0.1, 1e8][$0 % 3] }
        written.scoring = ExitScoring(
            criterion: .entropy, temperatures: (0...exits).map { 0.5 + Float($0) })
        written.normalization.interpolation = .bilinear
        #expect(try card(written.json) == written)
        #expect(!written.json.contains("\n"))
    }

    @Test func aReleasedModelServesAsABase() throws {
        let made = try card(
            #"{"model": "dvt-deit-small", "classes": 10, "relation_reuse": false, "name": "mine"}"#)
        let base = try CascadeConfiguration.named("dvt-deit-small")
        #expect(made.configuration.name == "mine")
        #expect(made.configuration.classes == 10)
        #expect(made.configuration.featureReuse && !made.configuration.relationReuse)
        #expect(made.configuration.stages.map(\.patch) == base.stages.map(\.patch))
        #expect(made.labels == nil && made.thresholds == nil)
    }

    @Test func stagesAreDescribedByArchitectureAndTokens() throws {
        let made = try card(
            #"""
            {"stages": [
              {"architecture": "deit-tiny", "tokens": 49},
              {"architecture": "deit-tiny", "tokens": 100, "mlp_width": 512},
              {"architecture": "t2t-vit-12", "depth": 12, "heads": 3, "width": 192, "tokens": 196}],
             "thresholds": [0.5, 0.75], "normalization": {"mean": [0, 0.5, 1]}}
            """#)
        let stages = made.configuration.stages
        #expect(stages.map(\.grid) == [7, 10, 14])
        #expect(stages.map(\.patch.kernel) == [32, 23, 7])
        #expect(stages.map(\.width) == [192, 192, 192])
        #expect(stages.map(\.mlpWidth) == [768, 512, 512])
        #expect(stages.map(\.tokenizer) == [.linear, .linear, .performer])
        #expect(stages.map(\.hasQKVBias) == [true, true, false])
        #expect(made.thresholds == [0.5, 0.75])
        #expect(made.normalization.mean == SIMD3(0, 0.5, 1))
        #expect(
            made.normalization.standardDeviation == ImageNormalization.imageNet.standardDeviation)
        #expect(made.configuration.name == "cascade.json")
    }

    @Test func stagesAreDescribedByNumbers() throws {
        let made = try card(
            #"""
            {"image_size": 32, "classes": 3, "labels": ["a", "b", "c"], "stages": [
              {"width": 64, "depth": 2, "heads": 2, "patch": 8},
              {"width": 64, "depth": 2, "heads": 2, "mlp_width": 100, "layer_norm_epsilon": 1e-5,
               "activation": "gelu-tanh", "qkv_bias": false,
               "patch": {"kernel": 5, "stride": 4, "padding": 2}}]}
            """#)
        let stages = made.configuration.stages
        #expect(stages.map(\.grid) == [4, 8])
        #expect(stages.map(\.mlpWidth) == [256, 100])
        #expect(stages[1].layerNormEpsilon == 1e-5 && stages[1].activation == .geluTanh)
        #expect(made.labels == .list(["a", "b", "c"]))
        #expect(made.configuration.featureReuse && made.configuration.relationReuse)
    }

    /// An architecture keeps its patch size at another image size.
    @Test func anotherImageSizeKeepsThePatches() throws {
        let made = try card(#"{"model": "deit-small", "image_size": 384}"#)
        #expect(made.configuration.stages[0].grid == 24)
    }

    @Test func stagesTrainedApartReuseNothing() throws {
        let made = try card(
            #"""
            {"stages": [{"architecture": "vit_tiny_patch16_224", "weights": "a.pth"},
                        {"architecture": "vit_small_patch16_224", "weights": "b.pth"}]}
            """#)
        #expect(made.stageWeights == ["a.pth", "b.pth"])
        #expect(!made.configuration.featureReuse && !made.configuration.relationReuse)
    }

    /// The normalization is that of the stages' models, which must agree.
    @Test func architecturesBringTheirNormalization() throws {
        let vit = #"{"architecture": "vit_tiny_patch16_224"}"#
        let deit = #"{"architecture": "deit_tiny_patch16_224"}"#
        let alike = try card("{\"stages\": [\(vit), \(vit)]}")
        #expect(alike.normalization == (try ModelCard.named("vit_tiny_patch16_224").normalization))
        let own = #"{"width": 192, "depth": 12, "heads": 3}"#
        #expect(try card("{\"stages\": [\(own), \(vit)]}").normalization == alike.normalization)
        #expect(try card("{\"stages\": [\(own)]}").normalization == .imageNet)
        let error = #expect(throws: ModelError.self) {
            try card("{\"stages\": [\(vit), \(own), \(deit)]}")
        }
        let text = error?.description ?? ""
        for part in [
            "cascade.json: ", "stages[0], vit_tiny_patch16_224, has mean [0.5, 0.5, 0.5], std",
            "stages[2], deit_tiny_patch16_224, has mean [0.485, 0.456, 0.406], std",
            "give mean, std in normalization",
        ] {
            #expect(text.contains(part), "\(text)")
        }
        #expect(!text.contains("crop_fraction"))
    }

    /// What the stages' models differ in must be given; the rest is theirs.
    @Test(arguments: [
        (#"{"mean": [0.5, 0.5, 0.5]}"#, "give std in normalization"),
        (#"{"mean": [0.5, 0.5, 0.5], "std": null}"#, "give std in normalization"),
        (#"{"crop_fraction": 0.9}"#, "give mean, std in normalization"),
        (#"{"mean": [0.25, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"#, nil),
    ])
    func descriptionsDecideBetweenStages(normalization: String, fault: String?) throws {
        let stages = ["vit_tiny_patch16_224", "deit_tiny_patch16_224"].map {
            "{\"architecture\": \"\($0)\"}"
        }
        let text =
            "{\"stages\": [\(stages.joined(separator: ","))], \"normalization\": \(normalization)}"
        guard let fault else {
            let made = try card(text).normalization
            #expect(made.mean == SIMD3(0.25, 0.5, 0.5) && made.cropFraction == 0.9)
            return
        }
        let error = #expect(throws: ModelError.self) { try card(text) }
        #expect(error?.description.contains(fault) == true, "\(error?.description ?? "")")
    }

    @Test func aThousandStagesAreTooMany() {
        let stages = Array(repeating: #"{"architecture": "deit-tiny"}"#, count: 1000)
        let error = #expect(throws: ModelError.self) {
            try card("{\"stages\": [\(stages.joined(separator: ","))]}")
        }
        #expect(error?.description.contains("1000 stages are too many; the limit is 64") == true)
    }

    /// Each fault is one line that names the file, the entry and the valid values.
    @Test(arguments: [
        ("", "no value"), ("[]", "not an object"), ("{\"model\": 1}", "model is not a string"),
        (#"{"model": "dvt-deit-small", "stages": []}"#, "contradict"), ("{}", "stages is missing"),
        (#"{"stages": []}"#, "at least one stage"),
        (#"{"stages": [1]}"#, "stages[0] is not an object"),
        (#"{"stages": [{}]}"#, "stages[0].width is missing"),
        (#"{"stages": [{"architecture": "dvt-deit-small"}]}"#, "is a cascade"),
        (#"{"stages": [{"architecture": "deit-tiny", "tokens": 50}]}"#, "stages[0].tokens is 50"),
        (#"{"stages": [{"architecture": "t2t-vit-7", "tokens": 64}]}"#, "tokens is 64"),
        (
            #"{"stages": [{"architecture": "deit-tiny", "tokens": 49, "patch": 16}]}"#,
            "it gives 196"
        ),
        (
            #"{"stages": [{"architecture": "deit-tiny", "patch": {"stride": 2}}]}"#,
            "patch.kernel is missing"
        ),
        (
            #"{"stages": [{"architecture": "deit-tiny", "patch": {"kernel": 2, "x": 1}}]}"#,
            "patch.x is unknown"
        ),
        (#"{"stages": [{"architecture": "deit-tiny", "patch": 0}]}"#, "patch 0"),
        (
            #"{"stages": [{"architecture": "deit-tiny", "depth": -1}]}"#,
            "depth is not an integer from 0"
        ),
        (
            #"{"stages": [{"architecture": "deit-tiny", "width": 99999999999}]}"#,
            "width is not an integer"
        ),
        (
            #"{"stages": [{"architecture": "deit-tiny", "activation": "relu"}]}"#,
            "it takes identity, gelu"
        ),
        (#"{"stages": [{"architecture": "deit-tiny", "layer_norm_epsilon": 0}]}"#, "epsilon is 0"),
        (
            #"{"stages": [{"architecture": "deit-tiny", "weights": "a"}, {"architecture": "deit-tiny"}]}"#,
            "stages[1].weights is missing"
        ),
        (#"{"model": "deit-small", "thresholds": [0.5]}"#, "thresholds has 1 numbers"),
        (#"{"model": "deit-small", "labels": ["a"]}"#, "1 names for 1000 classes"),
        (#"{"model": "deit-small", "labels": 3}"#, "labels is neither"),
        (
            #"{"model": "deit-small", "normalization": {"mean": [1]}}"#,
            "normalization.mean takes three"
        ),
        (
            #"{"model": "deit-small", "normalization": {"std": [1, 1, 0]}}"#,
            "normalization.std takes numbers above 0"
        ),
        (#"{"model": "deit-small", "normalization": {"crop_fraction": 0}}"#, "crop_fraction is 0"),
        (#"{"model": "deit-small", "clases": 3}"#, "clases is unknown; there are"),
        (#"{"model": "deit-small", "image_size": 0}"#, "image size 0"),
        (#"{"model": "deit-small", "model": "deit-small"}"#, "repeats the key"),
        (#"{"model": "deit-large"}"#, "model is \"deit-large\", which is not a known model"),
        (#"{"stages": [{"architecture": "x"}]}"#, "stages[0].architecture is \"x\", which is not"),
        (
            #"{"stages": [{"architecture": "deit-tiny", "patch": 9223372036854775807, "tokens": 49}]}"#,
            "patch is 9223372036854775807"
        ),
        (
            #"{"stages": [{"architecture": "deit-tiny", "patch": {"kernel": 16, "padding": 16777216}, "tokens": 49}]}"#,
            "padding 16777216"
        ),
        (#"{"model": "tiny-deit", "thresholds": [1e300, 0.5]}"#, "numbers that float32 holds"),
        (#"{"model": "tiny-deit", "criterion": "margin"}"#, "criterion belongs to thresholds"),
        (
            #"{"model": "tiny-deit", "thresholds": [1, 1], "temperatures": [1, 2]}"#,
            "temperatures takes 3 numbers above 0"
        ),
        (
            #"{"model": "tiny-deit", "thresholds": [1, 1], "temperatures": [1, 2, 0]}"#,
            "temperatures takes 3 numbers above 0"
        ),
        (
            #"{"stages": [{"architecture": "deit-tiny", "layer_norm_epsilon": 1e-60}]}"#,
            "epsilon is 1e-60"
        ),
        (#"{"model": "dvt-deit-small", "naming": "timm"}"#, "hold a single stage"),
    ])
    func faultsAreNamed(json: String, part: String) {
        let error = #expect(throws: ModelError.self) { try card(json) }
        let text = error?.description ?? ""
        #expect(text.contains(part), "\(text)")
        #expect(!text.contains("\n"))
    }
}

@Suite struct OperatingPointsTests {
    private struct Metadata: NamedTensors {
        let metadata: [String: String]
        let origin = "dvt.pth.tar"
        let shapes: [String: Shape] = [:]

        func tensor(named name: String) throws -> Tensor { Tensor([], repeating: 0) }
    }

    private func points(_ table: String, curve: String? = nil) throws -> OperatingPoints? {
        var metadata = ["dynamic_threshold": table]
        metadata["budgeted_batch_classification"] = curve
        return try .stored(in: Metadata(metadata: metadata), stages: 3)
    }

    @Test func operatingPointsGivePolicies() throws {
        let points = try #require(try points("[[0.5,0.25,-1e8],[1e8,1,-1e8]]"))
        #expect(try points.policy(row: 1) == .thresholds([0.5, 0.25]))
        #expect(try points.policy(row: 2) == .thresholds([1e8, 1]))
        #expect(throws: ModelError.self) { try points.policy(row: 0) }
        #expect(throws: ModelError.self) { try points.policy(row: 3) }
        #expect(throws: ModelError.self) { try points.row(budget: 1) }
    }

    @Test func aBudgetSelectsTheMostAccurateRow() throws {
        let table = "[[0.5,0.5,-1],[0.6,0.6,-1],[0.7,0.7,-1]]"
        let points = try #require(try points(table, curve: "[[1,2,3],[70,72,71]]"))
        #expect(try points.row(budget: 1) == 1)
        #expect(try points.row(budget: 2.5) == 2)
        #expect(try points.row(budget: 9) == 2)
        #expect(throws: ModelError.self) { try points.row(budget: 0.9) }
        #expect(throws: ModelError.self) { try points.row(budget: .nan) }
    }

    /// A curve of another length does not describe the rows.
    @Test func curvesOfAnotherLengthAreIgnored() throws {
        let points = try #require(try points("[[1,1,1]]", curve: "[[1,2],[3,4]]"))
        #expect(points.gigaMultiplyAdds == nil && points.accuracies == nil)
    }

    @Test(arguments: ["", "1", "[]", "[[1,2]]", "[[1,2,null]]", "[1,2,3]"])
    func otherTablesAreRefused(table: String) {
        #expect(throws: ModelError.self) { try points(table) }
    }

    @Test func operatingPointsAreOptional() throws {
        #expect(try OperatingPoints.stored(in: Metadata(metadata: [:]), stages: 3) == nil)
    }
}

@Suite struct StageWeightsTests {
    private struct Plain: NamedTensors {
        let tensors: [String: Tensor]
        let origin = "stage.pth"
        let metadata: [String: String] = [:]
        var shapes: [String: Shape] { tensors.mapValues(\.shape) }

        func tensor(named name: String) throws -> Tensor { try #require(tensors[name]) }

        init(_ stage: VisionTransformerConfiguration, seed: UInt64) throws {
            let model = try CascadeConfiguration([stage])
            tensors = Dictionary(
                uniqueKeysWithValues: model.parameters.map {
                    ($0.name, .uniform($0.shape, name: $0.name, seed: seed))
                })
        }
    }

    private var stages: [VisionTransformerConfiguration] {
        [32, 16].map { patch in
            VisionTransformerConfiguration(
                patch: .covering(224, patch: patch), width: 16, depth: 1, heads: 1, classes: 3)
        }
    }

    @Test func everyStageReadsItsOwnFile() throws {
        let model = try CascadeConfiguration(stages, featureReuse: false, relationReuse: false)
        let files = try stages.enumerated().map {
            CheckpointWeights(try Plain($0.element, seed: UInt64($0.offset)))
        }
        let weights = StageWeights(files)
        try weights.check(model)
        for parameter in model.parameters {
            let expected = Tensor.uniform(
                parameter.shape, name: parameter.name, seed: UInt64(parameter.stage))
            #expect(try weights.tensor(parameter, of: model) == expected)
        }
    }

    @Test func mismatchesAreNamed() throws {
        let files = try stages.map { CheckpointWeights(try Plain($0, seed: 1)) }
        let plain = try CascadeConfiguration(stages, featureReuse: false, relationReuse: false)
        let reusing = try CascadeConfiguration(stages)
        let cases = [
            (files, reusing, "no weights for reuse"),
            ([files[0]], plain, "1 files of weights for 2"),
            ([files[0], files[0]], plain, "stage 2 of 2: pos_embed has shape"),
        ]
        for (files, model, part) in cases {
            let error = #expect(throws: ModelError.self) { try StageWeights(files).check(model) }
            #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
        }
    }
}
