import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTReference
import DVTSupport
import DVTTestSupport
import Foundation
import Testing

/// Folders as timm and Hugging Face transformers save them, compared with the logits of these
/// libraries; scripts/pretrained-fixtures.py writes the fixtures.
@Suite struct PretrainedTests {
    static let names = [
        "vit", "vit_six_heads", "vit_layer_scale", "vit_average", "vit_average_norm",
        "vit_token_fc_norm", "vit_without_class_token", "vit_registers_alone",
        "vit_without_qkv_bias", "vit_mlp_ratio",
        "vit_clip", "vit_clip_quickgelu", "vit_dinov2", "vit_registers", "vit_registers_enlarged",
        "vit_reduced", "vit_siglip", "vit_siglip_gap", "deit_distilled", "deit3",
        "hf_vit", "hf_vit_tanh", "hf_deit", "hf_deit_teacher", "hf_dinov2", "hf_dinov2_resampled",
        "hf_dinov2_registers",
    ]
    /// Without a head.
    private static let backbones = [
        "vit_backbone", "hf_dinov2_backbone", "hf_clip_vision", "hf_siglip_vision", "hf_clip",
    ]

    /// The logits of a folder, or the features of one without a head.
    private func outputs(_ folder: PretrainedFolder, on backend: some Backend) throws -> [Float] {
        let file = try Checkpoint.open(path: folder.path)
        let card = try folder.card(file)
        let model = try DynamicVisionTransformer(
            card.configuration, weights: folder.weights(file), backend: backend)
        let images = SyntheticImages.batch(card.configuration.imageShape(batch: 4), seed: 1)
        return try folder.isBackbone
            ? model.features(images).values : model.logits(images)[0].values
    }

    private func check(_ name: String, on backend: some Backend, within limit: Double) throws {
        let folder = try PretrainedFolder(name)
        // NaN is not below the limit.
        let distance = try relativeDistance(outputs(folder, on: backend), from: folder.outputs)
        #expect(distance < limit, "\(name): \(distance)")
    }

    /// The folders' weights are float32, and every operation of the reference is rounded to it.
    @Test(arguments: names + backbones)
    func referenceEqualsTheLibraries(name: String) throws {
        try check(name, on: ReferenceBackend(), within: 1e-6)
    }

    @MainActor
    @Test(
        .enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)),
        arguments: KernelStyle.allCases)
    func openCLEqualsTheLibraries(style: KernelStyle) throws {
        let backend = try TestDevice.makeBackend(style)
        for name in Self.names + Self.backbones { try check(name, on: backend, within: 3e-6) }
    }

    /// A conversion computes what is folded, and its card describes the rest.
    @Test(arguments: names + backbones)
    func convertedFoldersGiveTheSameLogits(name: String) throws {
        let folder = try PretrainedFolder(name)
        let file = try Checkpoint.open(path: folder.path)
        let card = try folder.card(file)
        let weights = folder.weights(file)
        try weights.check(card.configuration)
        let parts = card.configuration.parameters.flatMap {
            weights.parts(of: $0, in: card.configuration)
        }
        let path = folder.path + "/converted.safetensors"
        try SafetensorsWriter.write(
            try parts.map { ($0.name, try $0.read()) },
            metadata: [ModelCard.metadataKey: card.json], to: path)
        let copy = try SafetensorsFile(path: path)
        let read = try ModelCard(storedIn: copy)
        #expect(read == card)
        let model = try DynamicVisionTransformer(
            read.configuration, weights: CheckpointWeights(copy), backend: ReferenceBackend())
        let images = SyntheticImages.batch(card.configuration.imageShape(batch: 4), seed: 1)
        let converted = try folder.isBackbone ? model.features(images) : model.logits(images)[0]
        #expect(try converted.values == outputs(folder, on: ReferenceBackend()))
    }

    /// As `torch.save(model.state_dict())` writes them, and below the names of other modules.
    @Test(arguments: ["", "backbone.", "net.encoder.", "_forward_module.module.", "0."])
    func prefixesOfAnyNameAreFound(prefix: String) throws {
        let renamed = try PretrainedFolder("vit_registers", renaming: { prefix + $0 })
        let weights = CheckpointWeights(try Checkpoint.open(path: renamed.path))
        let card = try ModelCard(storedIn: weights.file)
        try weights.check(card.configuration)
        let notes = weights.notes(for: card.configuration)
        #expect(notes == (prefix.isEmpty ? [] : ["names begin with \"\(weights.prefix)\""]))
    }

    /// transformers 5 renames modules in memory, and renames them back when it saves a folder.
    @Test(arguments: ["hf_vit", "hf_deit", "hf_dinov2"])
    func namesOfTransformers5AreRead(name: String) throws {
        func renamed(_ key: String) -> String {
            var key = key.replacing(/attention\.attention\.(query|key|value)/) {
                "attention.\($0.output.1.prefix(1))_proj"
            }
            key = key.replacing("attention.output.dense", with: "attention.o_proj")
            guard name != "hf_dinov2" else { return key }
            return key.replacing("encoder.layer.", with: "layers.")
                .replacing("intermediate.dense", with: "mlp.fc1")
                .replacing("output.dense", with: "mlp.fc2")
        }
        let folder = try PretrainedFolder(name, renaming: renamed)
        #expect(
            try relativeDistance(
                outputs(folder, on: ReferenceBackend()), from: folder.outputs) < 1e-6)
    }

    /// Preprocessing and labels are those of the folder.
    @Test func descriptionsGiveThePreprocessing() throws {
        let timm = try PretrainedFolder("vit_clip").card()
        #expect(timm.normalization.mean.x == 0.48145466)
        #expect(timm.configuration.classes == 10 && timm.labels == nil)
        let squashed = try PretrainedFolder("hf_vit").card()
        #expect(squashed.normalization.crop == .squash && squashed.normalization.cropFraction == 1)
        #expect(squashed.normalization.interpolation == .bilinear)
        let center = try PretrainedFolder("hf_dinov2_resampled").card()
        #expect(center.normalization.crop == .center)
        #expect(center.normalization.cropFraction == 32.0 / 36)
        #expect(center.normalization.interpolation == .bicubic)
        // Positions of 7 x 7 patches, images of 4 x 4.
        #expect(center.configuration.stages[0].grid == 4)
    }

    /// A fraction of the crop gives the size before it, also where their quotient is rounded.
    @Test func everySizeBeforeTheCropIsKept() throws {
        for size in 33...320 {
            let folder = try PretrainedFolder(
                "hf_dinov2",
                describing: {
                    $0.replacing("\"shortest_edge\":36", with: "\"shortest_edge\":\(size)")
                })
            let fraction = try folder.card().normalization.cropFraction
            #expect(Int(32 / fraction) == size)
        }
    }

    /// Before 0.9, timm had the preprocessing beside the architecture.
    @Test func formerDescriptionsOfTimmAreRead() throws {
        let folder = try PretrainedFolder(
            "vit_clip",
            describing: {
                $0.replacing(/"pretrained_cfg":\{([^}]*)\}/) { $0.output.1 }
                    .replacing("\"num_classes\":10,\"num_features\"", with: "\"num_features\"")
            })
        let card = try folder.card()
        #expect(try card == PretrainedFolder("vit_clip").card())
    }

    /// Without a head there are no classes, and the message says what to do.
    @Test(arguments: ["vit_backbone", "hf_dinov2_backbone", "hf_clip"])
    func backbonesHaveNoClasses(name: String) throws {
        let folder = try PretrainedFolder(name)
        let file = try Checkpoint.open(path: folder.path)
        let card = try folder.card(file)
        #expect(card.configuration.classes == 1 && card.labels == nil)
        let weights = CheckpointWeights(file, resamplingPositions: true)
        #expect(weights.lacksHead)
        let error = #expect(throws: ModelError.self) { try weights.check(card.configuration) }
        #expect(error?.description.contains("it has no head, only a backbone") == true)
        let whole = try PretrainedFolder("hf_vit")
        #expect(try !CheckpointWeights(Checkpoint.open(path: whole.path)).lacksHead)
        #expect(!whole.isBackbone)
    }

    @Test func labelsAreThoseOfTheFolder() throws {
        let names = (0..<10).map { "\"\($0)\":\"class \($0)\"" }.joined(separator: ",")
        let folder = try PretrainedFolder(
            "hf_vit",
            describing: {
                $0.replacing(/"id2label":\{[^}]*\}/, with: "\"id2label\":{\(names)}")
            })
        #expect(try folder.card().labels == .list((0..<10).map { "class \($0)" }))
    }

    /// What would change the outputs is refused, with what was read and what is possible.
    @Test(arguments: [
        (
            "vit", "\"num_heads\":2", "\"num_heads\":2,\"qk_norm\":true",
            "model_args.qk_norm is true"
        ),
        (
            "vit", "\"num_heads\":2", "\"num_heads\":2,\"rope\":true",
            "model_args.rope is unknown; there are "
        ),
        ("vit", "vit_small_patch16_224", "swin_tiny_patch4_window7_224", "architecture is"),
        ("vit", "\"num_classes\":10,", "\"num_classes\":11,", "gives 11 classes"),
        ("vit", "\"global_pool\":\"token\"", "\"global_pool\":\"max\"", "global_pool is \"max\""),
        ("vit", "\"crop_mode\":\"center\"", "\"crop_mode\":\"random\"", "crop_mode is \"random\""),
        ("hf_vit", "\"hidden_act\":\"gelu\"", "\"hidden_act\":\"relu\"", "hidden_act is \"relu\""),
        ("hf_vit", "\"model_type\":\"vit\"", "\"model_type\":\"swin\"", "model_type is \"swin\""),
        ("hf_vit", "\"resample\":2", "\"resample\":1", "resample is 1"),
        ("hf_vit", "\"height\":32,", "\"height\":24,", "size is not square"),
        ("hf_vit", "\"image_std\":[0.5", "\"image_std\":[0", "image_std takes numbers above 0"),
        ("hf_vit", "\"patch_size\":8", "\"patch_size\":0", "patch 0 is not in 1"),
        ("hf_vit", "\"image_size\":32", "\"image_size\":[32,24]", "image_size is [32,24]"),
        (
            "hf_dinov2", "\"shortest_edge\":36", "\"shortest_edge\":16000000",
            "crop_size is 32 of 16000000 pixels"
        ),
        ("vit", "\"std\":[0.5", "\"std\":[0", "pretrained_cfg.std takes numbers above 0"),
        ("vit", "\"crop_pct\":0.9", "\"crop_pct\":0.001", "crop_pct is 0.001"),
        ("vit", "\"input_size\":[3,32", "\"input_size\":[3,31", "input_size is not [channels"),
        ("vit", "\"global_pool\":\"token\"", "\"global_pool\":\"prr\"", "token, avg or map"),
        ("hf_dinov2", "\"use_swiglu_ffn\":false", "\"use_swiglu_ffn\":true", "use_swiglu_ffn"),
    ])
    func otherNetworksAreRefused(
        name: String, old: String, new: String, message: String
    ) throws {
        var isChanged = false
        let folder = try PretrainedFolder(
            name,
            describing: {
                isChanged = isChanged || $0.contains(old)
                return $0.replacing(old, with: new)
            })
        #expect(isChanged)
        let error = #expect(throws: ModelError.self) { try folder.card() }
        #expect("\(try #require(error))".contains(message), "\(error?.description ?? "")")
    }

    @Test func incompleteFoldersAreNamed() throws {
        let folder = try PretrainedFolder("vit")
        let weights = folder.path + "/model.safetensors"
        try FileManager.default.removeItem(atPath: weights)
        #expect(
            throws: CheckpointError.noWeights(
                folder: folder.path, names: ["model.safetensors", "pytorch_model.bin"])
        ) { try Checkpoint.open(path: folder.path) }
        try FileManager.default.removeItem(atPath: folder.path + "/config.json")
        #expect(throws: CheckpointError.noDescription(folder: folder.path)) {
            try Checkpoint.open(path: folder.path)
        }
    }

    /// Shards, and an index that names a file outside the folder.
    @Test func shardsAreJoined() throws {
        let folder = try PretrainedFolder("hf_vit")
        let whole = try Checkpoint.open(path: folder.path)
        let names = whole.shapes.keys.sorted()
        let file = folder.path + "/model.safetensors"
        var map: [String] = []
        for (index, part) in [names.prefix(7), names.dropFirst(7)].enumerated() {
            let shard = "model-0000\(index + 1)-of-00002.safetensors"
            try SafetensorsWriter.write(
                try part.map { ($0, try whole.tensor(named: $0)) }, to: folder.path + "/" + shard)
            map += part.map { "\"\($0)\": \"\(shard)\"" }
        }
        try FileManager.default.removeItem(atPath: file)
        let index = file + ".index.json"
        try "{\"weight_map\": {\(map.joined(separator: ","))}}".write(
            toFile: index, atomically: true, encoding: .utf8)
        let joined = try Checkpoint.open(path: folder.path)
        #expect(joined.shapes == whole.shapes)
        #expect(try joined.tensor(named: names[9]).values == whole.tensor(named: names[9]).values)
        try "{\"weight_map\": {\"a\": \"../a\"}}".write(
            toFile: index, atomically: true, encoding: .utf8)
        #expect(throws: CheckpointError.self) { try Checkpoint.open(path: folder.path) }
    }
}

/// A model's folder made from a fixture; removed with the value.
final class PretrainedFolder {
    let path: String
    /// Logits, or features.
    let outputs: [Double]
    /// Whether there is no head.
    let isBackbone: Bool
    private let imageSize: Int?

    private struct Fixture: Decodable {
        let tensors: [String: TensorDistribution]
        let image_size: Int?
        let logits: [[Double]]?
        let features: [[Double]]?
    }

    /// Makes the folder.
    ///
    /// - Parameters:
    ///   - name: the fixture.
    ///   - renaming: the name of a tensor in the folder.
    ///   - describing: the text of a description in the folder.
    /// - Throws: the error of a file.
    init(
        _ name: String, renaming: (String) -> String = { $0 },
        describing: (String) -> String = { $0 }
    ) throws {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Pretrained")
        let data = try Data(contentsOf: fixtures.appendingPathComponent("\(name).json"))
        let fixture = try JSONDecoder().decode(Fixture.self, from: data)
        isBackbone = fixture.logits == nil
        outputs = (fixture.logits ?? fixture.features ?? []).flatMap { $0 }
        imageSize = fixture.image_size
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("pretrained-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        for (file, value) in object?["files"] as? [String: Any] ?? [:] {
            let text = try JSONSerialization.data(
                withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
            try describing(String(decoding: text, as: UTF8.self)).write(
                toFile: "\(path)/\(file)", atomically: true, encoding: .utf8)
        }
        let tensors = fixture.tensors.map { name, values in
            (name: renaming(name), tensor: values.tensor(named: name))
        }
        try SafetensorsWriter.write(
            tensors.sorted { $0.name < $1.name }, to: path + "/model.safetensors")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The folder's weights, with a head of zeros where there is none.
    func weights(_ file: any NamedTensors) -> CheckpointWeights {
        var weights = CheckpointWeights(file, resamplingPositions: true)
        weights.fillsMissingHead = true
        return weights
    }

    func card() throws -> ModelCard { try card(Checkpoint.open(path: path)) }

    /// The card of the folder's checkpoint, for the fixture's images.
    func card(_ file: any NamedTensors) throws -> ModelCard {
        var card = try ModelCard(storedIn: file)
        if let imageSize { card.configuration = try card.configuration.resized(to: imageSize) }
        return card
    }
}
