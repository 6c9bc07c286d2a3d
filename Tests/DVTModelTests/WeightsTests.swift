import DVTCore
import DVTModel
import DVTReference
import DVTTestSupport
import Foundation
import Testing

/// The names and prefixes of stored parameters.
@Suite struct WeightsTests {
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
        let weights = CheckpointWeights(MemoryFile(model, naming: naming, wrapper: wrapper))
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
        var weights = MemoryFile(model, naming: .huggingFace, wrapper: "vit.")
        weights.tensors["vit.pooler.dense.weight"] = Tensor([1], repeating: 0)
        try CheckpointWeights(weights).check(model)
    }

    /// With names of two families, the reported one must be the same in every run.
    @Test func mixedFamiliesAreReportedConsistently() throws {
        let model = try TestCascades.cascade([7])
        var weights = MemoryFile(model, naming: .timm)
        for name in ["encoder.layer.0.x", "y.attn.to_q.weight", "z.attn.to_q.weight"] {
            weights.tensors[name] = Tensor([1], repeating: 0)
        }
        let errors = (0..<8).map { _ in
            #expect(throws: ModelError.self) { try CheckpointWeights(weights).check(model) }
        }
        #expect(Set(errors.map { $0?.description }).count == 1)
    }

    /// An optimizer's averages have the names and shapes of parameters, also of the patches'.
    @Test func trainingStateIsSkippedAndCounted() throws {
        let model = try CascadeConfiguration.named("mindspore-tiny")
        var weights = MemoryFile(model, naming: .mindSpore)
        let parameters = weights.tensors
        for (name, tensor) in parameters {
            weights.tensors["moment1.\(name)"] = tensor
            weights.tensors["moment2.\(name)"] = tensor
        }
        for name in ["epoch_num", "global_step", "learning_rate", "beta1_power", "scale_sense"] {
            weights.tensors[name] = Tensor([], values: [1])
        }
        let source = CheckpointWeights(weights)
        try source.check(model)
        #expect(
            source.notes(for: model) == [
                """
                \(2 * parameters.count + 5) tensors are the state of a training run and skipped, \
                first "beta1_power"
                """
            ])
        for parameter in model.parameters {
            let parts = source.parts(of: parameter, in: model)
            #expect(try parts.allSatisfy { try $0.read() == parameters[$0.name] })
        }
    }

    @Test(arguments: [
        "moments.", "adam_m.", "adam_v.", "accum.", "stat.", "mean_square.",
    ])
    func everyOptimizerIsKnown(prefix: String) throws {
        let model = try TestCascades.cascade([7])
        var weights = MemoryFile(model, naming: .mindSpore)
        weights.tensors["\(prefix)normal_token.cls_token"] = Tensor([1], repeating: 0)
        try CheckpointWeights(weights).check(model)
    }

    /// Buffers of other tools are ignored, in any module, and counted.
    @Test func unusedBuffersAreIgnored() throws {
        let model = try TestCascades.cascade([7])
        var weights = MemoryFile(model, naming: .timm)
        for name in [
            "n_averaged", "embeddings.position_ids", "blocks.0.attn.relative_position_index",
            "total_ops", "blocks.0.mlp.total_params", "bn.num_batches_tracked", "mask_token",
        ] {
            weights.tensors[name] = Tensor([1], repeating: 0)
        }
        let source = CheckpointWeights(weights)
        try source.check(model)
        #expect(
            source.notes(for: model) == [
                """
                7 tensors are not the network's and ignored, first \
                "blocks.0.attn.relative_position_index"
                """
            ])
    }

    /// Prefixes in any order, of plain models and cascades with both tokenizers.
    @Test(
        arguments: ["tiny-deit", "tiny-t2t", "mindspore-tiny", "deit-tiny", "t2t-vit-7"],
        [
            "net.", "backbone.module.", "module.encoder.model.", "visual.trunk.", "teacher.",
            "student.0.", "_forward_module._orig_mod.module.model.", "state_dict.model.backbone.",
            "model.0._orig_mod.net.encoder.",
        ])
    func stackedPrefixesAreFoundAndSaid(model: String, prefix: String) throws {
        let model = try CascadeConfiguration.named(model)
        let shapes = model.parameters.flatMap {
            model.naming.storedTensors($0, stages: model.stages.count)
        }.map { (prefix + $0.name, $0.shape) }
        let weights = CheckpointWeights(
            ShapesAlone(shapes: Dictionary(uniqueKeysWithValues: shapes)))
        try weights.check(model)
        #expect(weights.prefix == prefix)
        #expect(weights.notes(for: model) == ["names begin with \"\(prefix)\""])
    }

    /// A head beside the backbone loses the parts of the prefix that it shares.
    @Test func headsBesideTheBackboneAreFoundAndSaid() throws {
        let model = try TestCascades.cascade([7])
        let plain = MemoryFile(model, naming: .timm)
        let tensors = plain.tensors.map { name, tensor in
            (name.hasPrefix("head.") ? "module.net.\(name)" : "module.net.encoder.\(name)", tensor)
        }
        let weights = CheckpointWeights(
            MemoryFile(tensors: Dictionary(uniqueKeysWithValues: tensors)))
        try weights.check(model)
        #expect(
            weights.notes(for: model) == [
                "names begin with \"module.net.encoder.\"",
                """
                2 parameters are taken from outside "module.net.encoder.": "module.net.head.bias", \
                "module.net.head.weight"
                """,
            ])
    }

    @Test func severalNetworksAreNamed() throws {
        let model = try TestCascades.cascade([7])
        let one = MemoryFile(model, naming: .timm)
        let tensors = ["student.backbone.", "teacher.backbone."].flatMap { prefix in
            one.tensors.map { (prefix + $0.key, $0.value) }
        }
        let weights = MemoryFile(tensors: Dictionary(uniqueKeysWithValues: tensors))
        let error = #expect(throws: ModelError.self) { try CheckpointWeights(weights).check(model) }
        let text = "it holds 2 networks, under \"student.backbone.\", \"teacher.backbone.\""
        #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    }

    @Test func namesThatDifferOnlyInWrappersClash() throws {
        let model = try TestCascades.cascade([7])
        var weights = MemoryFile(model, naming: .timm)
        weights.tensors["module.cls_token"] = Tensor([1], repeating: 0)
        let error = #expect(throws: ModelError.self) { try CheckpointWeights(weights).check(model) }
        #expect(error?.description.contains("both \"cls_token\" and \"module.cls_token\"") == true)
    }
}
