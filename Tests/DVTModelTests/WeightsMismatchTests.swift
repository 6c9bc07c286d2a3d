import DVTCore
import DVTModel
import DVTReference
import DVTTestSupport
import Foundation
import Testing

/// What is said of files that do not fit a model.
@Suite struct WeightsMismatchTests {
    /// One line names the tensor and both shapes, or the number of missing or extra tensors.
    @Test func everyMismatchIsNamed() throws {
        let model = try TestCascades.cascade([7, 14])
        let good = MemoryFile(model, naming: .authors)
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

    /// Names of the file stand beside those that are wanted, with what they show for certain.
    @Test(arguments: [
        (
            ["conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight", "fc.weight"],
            """
            it holds "bn1.running_mean", "conv1.weight" and 2 others instead; its names are those \
            of a ResNet, which dvt does not run
            """
        ),
        (
            ["layers.0.blocks.0.attn.relative_position_bias_table"],
            "its names are those of a Swin Transformer, which dvt does not run"
        ),
        (
            ["downsample_layers.0.0.weight", "stages.0.0.dwconv.weight"],
            "its names are those of a ConvNeXt, which dvt does not run"
        ),
        (
            ["visual.transformer.resblocks.0.attn.in_proj_weight"],
            "its names are those of a CLIP with OpenAI's names"
        ),
        (["a\u{1B}", "b"], "it holds \"a\\u{1B}\", \"b\" instead"),
    ])
    func namesOfTheFileAreShown(names: [String], part: String) throws {
        let model = try CascadeConfiguration.named("deit-tiny")
        let file = ShapesAlone(
            shapes: Dictionary(uniqueKeysWithValues: names.map { ($0, [1]) }))
        let error = #expect(throws: ModelError.self) { try CheckpointWeights(file).check(model) }
        let text = error?.description ?? ""
        #expect(text.contains("missing, first cls_token [1, 1, 192]; "), "\(text)")
        #expect(text.contains(part), "\(text)")
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 } && text.utf8.count < 500)
    }

    /// Layers that networks here do not have.
    @Test(arguments: [
        ("blocks.0.attn.q_norm.weight", "its network has LayerNorms of queries and keys (qk-norm)"),
        ("blocks.0.mlp.w12.weight", "its network has an MLP with SwiGLU"),
        ("blocks.0.mlp.fc1_g.weight", "its network has an MLP with SwiGLU"),
        ("pre_logits.fc.weight", "a layer between the features and the head (pre_logits)"),
        ("something.else", "which the model does not have; is this another model's file?"),
    ])
    func layersThatAreNotComputedAreNamed(name: String, part: String) throws {
        let model = try TestCascades.cascade([7])
        var weights = MemoryFile(model, naming: .timm)
        weights.tensors[name] = Tensor([1], repeating: 0)
        let error = #expect(throws: ModelError.self) { try CheckpointWeights(weights).check(model) }
        let text = error?.description ?? ""
        #expect(text.contains("it holds \"\(name)\" [1]") && text.contains(part), "\(text)")
    }

    /// The sizes of the file's network, where they are not those of the model.
    @Test func sizesOfPlainNetworksAreShown() throws {
        func reason(_ model: String, _ other: String) throws -> String {
            let shapes = try CascadeConfiguration.named(other).parameters.flatMap {
                ParameterNaming.timm.storedTensors($0, stages: 1)
            }.map { ($0.name, $0.shape) }
            let file = ShapesAlone(shapes: Dictionary(uniqueKeysWithValues: shapes))
            let error = #expect(throws: ModelError.self) {
                try CheckpointWeights(file).check(.named(model))
            }
            return error?.description ?? ""
        }
        let small = "it holds a plain ViT of width 384 with 12 blocks and patches of 16 pixels"
        #expect(try reason("deit-tiny", "deit-small").hasSuffix(small))
        #expect(try reason("vit_large_patch16_224", "deit-small").hasSuffix(small))
        #expect(
            try reason("dvt-deit-small", "deit-small").hasSuffix(
                "\(small), and the model is a cascade"))
        // The head alone is another: the sizes are those of the model.
        #expect(!(try reason("t2t-vit-7", "deit-small")).contains("\n"))
    }

    @Test func cascadesAreNamedWhereOneStageIsWanted() throws {
        let cascade = try TestCascades.cascade([7, 14])
        let error = #expect(throws: ModelError.self) {
            try CheckpointWeights(MemoryFile(cascade, naming: .authors)).check(.named("deit-tiny"))
        }
        let part =
            "it holds a cascade, with \"less_token\", \"normal_token\", and deit-tiny has one"
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    /// A file for other reuse settings is rejected with an explanation.
    @Test func reuseSettingsMustMatch() throws {
        let plain = try TestCascades.cascade([7, 14], featureReuse: false, relationReuse: false)
        let both = try TestCascades.cascade([7, 14])
        #expect(throws: ModelError.self) {
            try CheckpointWeights(MemoryFile(plain, naming: .authors)).check(both)
        }
        #expect(throws: ModelError.self) {
            try CheckpointWeights(MemoryFile(both, naming: .authors)).check(plain)
        }
    }
}
