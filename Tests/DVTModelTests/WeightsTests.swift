import DVTCore
import DVTModel
import DVTReference
import DVTTestSupport
import Foundation
import Testing

/// Tensors in memory with the interface of a file.
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
    /// A file of random parameters, named and split as in a family of checkpoints.
    private func file(
        _ model: CascadeConfiguration, naming: ParameterNaming, wrapper: String = ""
    ) -> MemoryFile {
        let tensors = model.parameters.flatMap { parameter in
            naming.storedTensors(parameter, stages: model.stages.count).map { stored in
                let name = wrapper + stored.name
                return (name, Tensor.uniform(stored.shape, name: stored.name, seed: 3))
            }
        }
        return MemoryFile(tensors: Dictionary(uniqueKeysWithValues: tensors))
    }

    private func shapes(in file: String, of model: String) throws -> [String: [Int]] {
        let data = try Data(contentsOf: URL(fileURLWithPath: ReferenceFiles.path(file)))
        let all = try JSONDecoder().decode([String: [String: [Int]]].self, from: data)
        return try #require(all[model])
    }

    private func stored(_ model: CascadeConfiguration) -> [String: [Int]] {
        let tensors = model.parameters.flatMap {
            model.naming.storedTensors($0, stages: model.stages.count)
        }
        return Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.shape.dimensions) })
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
        let expected = try shapes(in: "state_dict_shapes.json", of: key)
        #expect(stored(try .named(model)) == expected)
    }

    @Test(
        .enabled(if: ReferenceFiles.areAvailable, Comment(rawValue: ReferenceFiles.comment)),
        arguments: [
            ("mindspore-tiny", "mindspore_tiny"), ("mindspore-dvt-deit-small", "mindspore_deit_s"),
        ])
    func namesEqualMindSpores(model: String, key: String) throws {
        let expected = try shapes(in: "mindspore_parameter_shapes.json", of: key)
        #expect(stored(try .named(model)) == expected)
    }

    /// The names in `ViTForImageClassification` of Hugging Face's transformers.
    @Test func namesEqualHuggingFaces() throws {
        let model = try TestCascades.cascade([7])
        let names = Set(
            model.parameters.flatMap { ParameterNaming.huggingFace.storedTensors($0, stages: 1) }
                .map(\.name))
        let layer = [
            "attention.attention.query", "attention.attention.key", "attention.attention.value",
            "attention.output.dense", "intermediate.dense", "output.dense", "layernorm_before",
            "layernorm_after",
        ]
        let modules =
            ["embeddings.patch_embeddings.projection", "layernorm", "classifier"]
            + (0..<model.stages[0].depth).flatMap { block in
                layer.map { "encoder.layer.\(block).\($0)" }
            }
        let expected =
            ["embeddings.cls_token", "embeddings.position_embeddings"]
            + modules.flatMap { ["\($0).weight", "\($0).bias"] }
        #expect(names == Set(expected))
    }

    @Test func stagesHaveTheNamesOfReleasedCascades() throws {
        let names = try [1, 2, 3, 4].map { count in
            let model = try TestCascades.cascade([14, 14, 14, 14].suffix(count))
            return model.parameters.filter { $0.name == "cls_token" }.map {
                ParameterNaming.authors.storedTensors($0, stages: count).map(\.name)
            }.flatMap { $0 }
        }
        #expect(names[0] == ["normal_token.cls_token"])
        #expect(names[1] == ["less_token.cls_token", "normal_token.cls_token"])
        #expect(
            names[2] == [
                "less_less_token.cls_token", "less_token.cls_token", "normal_token.cls_token",
            ])
        #expect(names[3][0] == "less_less_less_token.cls_token")
    }

    @Test(
        arguments: ParameterNaming.allCases, ["", "module.", "_orig_mod.module.", "model.", "vit."])
    func oneStageIsReadUnderEverySpelling(naming: ParameterNaming, wrapper: String) throws {
        let model = try TestCascades.cascade([7])
        let weights = CheckpointWeights(file(model, naming: naming, wrapper: wrapper))
        try weights.check(model)
        for parameter in model.parameters {
            let parts = naming.storedTensors(parameter, stages: 1).flatMap {
                Tensor.uniform($0.shape, name: $0.name, seed: 3).values
            }
            let tensor = try weights.tensor(parameter, of: model)
            #expect(tensor == Tensor(parameter.shape, values: parts))
        }
    }

    /// The rows of the fused weight are q, then k, then v.
    @Test func separateProjectionsAreJoinedInOrder() throws {
        let model = try TestCascades.cascade([7])
        let parameter = try #require(model.parameters.first { $0.name.hasSuffix("attn.qkv.bias") })
        let names = ParameterNaming.huggingFace.storedTensors(parameter, stages: 1).map(\.name)
        #expect(
            names.map { $0.split(separator: ".").suffix(2).first } == ["query", "key", "value"])
    }

    @Test func poolersAreIgnored() throws {
        let model = try TestCascades.cascade([7])
        var weights = file(model, naming: .huggingFace, wrapper: "vit.")
        weights.tensors["vit.pooler.dense.weight"] = Tensor([1], repeating: 0)
        try CheckpointWeights(weights).check(model)
    }

    /// With names of two families, the reported one must be the same in every run.
    @Test func mixedFamiliesAreReportedConsistently() throws {
        let model = try TestCascades.cascade([7])
        var weights = file(model, naming: .timm)
        for name in ["encoder.layer.0.x", "y.attn.to_q.weight", "z.attn.to_q.weight"] {
            weights.tensors[name] = Tensor([1], repeating: 0)
        }
        let errors = (0..<8).map { _ in
            #expect(throws: ModelError.self) { try CheckpointWeights(weights).check(model) }
        }
        #expect(Set(errors.map { $0?.description }).count == 1)
    }

    @Test func trainingStateIsIgnored() throws {
        let model = try TestCascades.cascade([7])
        var weights = file(model, naming: .mindSpore)
        for name in [
            "epoch_num", "adam_m.normal_token.cls_token", "moment1.normal_token.norm.gamma",
        ] {
            weights.tensors[name] = Tensor([1], repeating: 0)
        }
        try CheckpointWeights(weights).check(model)
    }

    @Test func namesThatDifferOnlyInWrappersClash() throws {
        let model = try TestCascades.cascade([7])
        var weights = file(model, naming: .timm)
        weights.tensors["module.cls_token"] = Tensor([1], repeating: 0)
        let error = #expect(throws: ModelError.self) { try CheckpointWeights(weights).check(model) }
        #expect(error?.description.contains("both \"cls_token\" and \"module.cls_token\"") == true)
    }

    /// One line names the tensor and both shapes, or the number of missing or extra tensors.
    @Test func everyMismatchIsNamed() throws {
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
            (extra, "it holds \"normal_token.extra\\n\" [1], which the model does not have"),
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

    /// A file for other reuse settings is rejected with an explanation.
    @Test func reuseSettingsMustMatch() throws {
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
