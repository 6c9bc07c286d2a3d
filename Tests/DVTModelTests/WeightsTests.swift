import DVTCore
import DVTModel
import DVTReference
import DVTTestSupport
import Foundation
import Testing

/// Tensors in memory that pose as a file.
private struct MemoryFile: NamedTensors {
    var tensors: [String: Tensor]
    let origin = "weights.safetensors"
    let metadata: [String: String] = [:]
    var shapes: [String: Shape] { tensors.mapValues(\.shape) }

    func tensor(named name: String) throws -> Tensor {
        try #require(tensors[name])
    }
}

@Suite struct WeightsTests {
    private func file(_ model: CascadeConfiguration, naming: ParameterNaming) -> MemoryFile {
        let source = SyntheticWeights(seed: 3)
        let tensors = model.parameters.map { parameter in
            (
                naming.checkpointName(parameter, stages: model.stages.count),
                source.tensor(parameter, of: model)
            )
        }
        return MemoryFile(tensors: Dictionary(uniqueKeysWithValues: tensors))
    }

    /// Names and shapes of the authors' own state dicts.
    @Test(
        .enabled(if: ReferenceFiles.areAvailable, Comment(rawValue: ReferenceFiles.comment)),
        arguments: [
            ("tiny-deit", "tiny_deit"), ("dvt-deit-small", "deit_s"), ("tiny-t2t", "tiny_t2t"),
            ("tiny-t2t-transformer", "tiny_t2t_transformer"), ("dvt-t2t-vit-12", "t2t12"),
            ("dvt-t2t-vit-14", "t2t14"),
        ])
    func namesEqualTheAuthors(model: String, key: String) throws {
        let data = try Data(
            contentsOf: URL(fileURLWithPath: ReferenceFiles.path("state_dict_shapes.json")))
        let all = try JSONDecoder().decode([String: [String: [Int]]].self, from: data)
        let expected = try #require(all[key])
        let configuration = try CascadeConfiguration.named(model)
        let actual = configuration.parameters.map {
            (ParameterNaming.authors.checkpointName($0, stages: 3), $0.shape.dimensions)
        }
        #expect(Dictionary(uniqueKeysWithValues: actual) == expected)
    }

    @Test func stagesAreNamedAsTheReleasedCascadesAre() throws {
        let names = try [1, 2, 3, 4].map { count in
            let model = try TestCascades.cascade([14, 14, 14, 14].suffix(count))
            return model.parameters.filter { $0.name == "cls_token" }.map {
                ParameterNaming.authors.checkpointName($0, stages: count)
            }
        }
        #expect(names[0] == ["normal_token.cls_token"])
        #expect(names[1] == ["less_token.cls_token", "normal_token.cls_token"])
        #expect(
            names[2] == [
                "less_less_token.cls_token", "less_token.cls_token", "normal_token.cls_token",
            ])
        #expect(names[3][0] == "less_less_less_token.cls_token")
    }

    @Test(arguments: [ParameterNaming.timm, .authors])
    func oneStageIsReadUnderEitherSpelling(naming: ParameterNaming) throws {
        let model = try TestCascades.cascade([7])
        let weights = CheckpointWeights(file(model, naming: naming))
        try weights.check(model)
        let expected = SyntheticWeights(seed: 3)
        for parameter in model.parameters {
            #expect(
                try weights.tensor(parameter, of: model) == expected.tensor(parameter, of: model))
        }
    }

    /// One line names the tensor and both shapes, or how many are missing or too many.
    @Test func everyMisfitIsNamed() throws {
        let model = try TestCascades.cascade([7, 14])
        let good = file(model, naming: .authors)
        let name = "normal_token.blocks.1.attn.qkv.weight"
        var missing = good
        missing.tensors[name] = nil
        var misshapen = good
        misshapen.tensors[name] = Tensor([96, 31], repeating: 0)
        var extra = good
        extra.tensors["normal_token.extra\n"] = Tensor([1], repeating: 0)
        let cases = [
            (missing, "a tensor is missing, first \(name) [96, 32]"),
            (misshapen, "\(name) has shape [96, 31], but [96, 32] is needed"),
            (extra, "it holds \"normal_token.extra\\n\", which the model has not"),
        ]
        for (file, part) in cases {
            let error = #expect(throws: ModelError.self) {
                try CheckpointWeights(file).check(model)
            }
            let text = error?.description ?? ""
            #expect(text.hasPrefix("weights.safetensors: does not fit model test: "))
            #expect(text.contains(part), "\(text)")
            #expect(!text.contains("\n"))
        }
    }

    /// A file made for other reuse settings does not fit, and says so.
    @Test func reuseSettingsMustAgree() throws {
        let plain = try TestCascades.cascade([7, 14], featureReuse: false, relationReuse: false)
        let both = try TestCascades.cascade([7, 14])
        #expect(throws: ModelError.self) {
            try CheckpointWeights(file(plain, naming: .authors)).check(both)
        }
        #expect(throws: ModelError.self) {
            try CheckpointWeights(file(both, naming: .authors)).check(plain)
        }
    }
}
