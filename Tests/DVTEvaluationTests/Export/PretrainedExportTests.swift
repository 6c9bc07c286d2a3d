import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTExport
import DVTModel
import DVTReference
import DVTTestSupport
import Foundation
import Testing

/// Folders for timm and Hugging Face transformers, read again; scripts/check-export.py loads such
/// folders in these libraries.
@Suite struct PretrainedExportTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// The fixtures that each library can express, with what the error names for the others.
    private static let refusals: [ExportTarget: [String: String]] = [
        .timm: [
            "hf_vit": "epsilon is 1e-12", "hf_vit_tanh": "epsilon is 1e-12",
            "hf_deit": "epsilon is 1e-12", "hf_deit_teacher": "epsilon is 1e-12",
            "hf_dinov2": "the average of the patches", "hf_dinov2_resampled": "the average",
            "hf_dinov2_registers": "the class token and the average of the patches",
            "vit_siglip": "the attention of a learned query",
        ],
        .transformers: [
            "vit_siglip": "its pooling is attention", "vit_siglip_gap": "the average",
            "vit_average": "reads the average of the patches", "vit_average_norm": "the average",
            "vit_without_class_token": "the average", "vit_registers_alone": "the average",
            "vit_clip": "a LayerNorm follows its embedding",
            "vit_clip_quickgelu": "a LayerNorm follows its embedding",
            "vit_registers": "it has 5 tokens before the patches",
            "vit_registers_enlarged": "it has 5 tokens before the patches",
        ],
    ]

    private func write(
        _ model: ExportedModel, stage: Int? = nil, for target: ExportTarget, to path: String
    ) throws {
        let files = try ExportFolder(path: path, replacing: false)
        _ = try model.write(stage: stage, for: target, to: files)
        try files.commit()
    }

    @Test(arguments: [ExportTarget.timm, .transformers], PretrainedTests.names)
    func foldersGiveTheSameLogits(target: ExportTarget, name: String) throws {
        let original = try PretrainedFolder(name)
        let file = try Checkpoint.open(path: original.path)
        var card = try original.card(file)
        card.normalization.cropFraction = 0.5
        card.normalization.interpolation = .bilinear
        let weights = CheckpointWeights(file, resamplingPositions: true)
        let classes = (0..<card.configuration.classes).map { "class \($0)" }
        let model = ExportedModel(
            card: card, weights: weights, classNames: classes, source: original.path)
        let path = "\(folder.path)/new/\(name)"
        if let part = Self.refusals[target]?[name] {
            let error = #expect(throws: ExportError.self) {
                try write(model, for: target, to: path)
            }
            #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
            return
        }
        try write(model, for: target, to: path)
        let copy = try Checkpoint.open(path: path)
        let read = try ModelCard(storedIn: copy)
        #expect(read.labels == .list(classes) && read.normalization == card.normalization)
        #expect(read.configuration.classes == card.configuration.classes)
        let images = SyntheticImages.batch(card.configuration.imageShape(batch: 4), seed: 1)
        let logits = try DynamicVisionTransformer(
            read.configuration, weights: CheckpointWeights(copy), backend: ReferenceBackend()
        ).logits(images)[0]
        // Folded once more, the weights are rounded to float32 once more.
        let distance = relativeDistance(logits.values, from: original.outputs)
        #expect(distance < 1e-6, "\(distance)")
    }

    /// What no plain Vision Transformer has, in both libraries.
    @Test(
        arguments: [ExportTarget.timm, .transformers],
        [
            ("tiny-deit", 1, "it reuses what stage 1 computed"),
            ("dvt-t2t-vit-12", 0, "its tokens are those of Tokens-to-Token"),
            ("dvt-deit-small", 1, "stage 2 of 3 of dvt-deit-small: "),
        ])
    func otherStagesAreRefused(
        target: ExportTarget, stage: (name: String, index: Int, message: String)
    ) throws {
        let model = ExportedModel(
            card: try .named(stage.name), weights: SyntheticWeights(seed: 1), classNames: nil,
            source: "synthetic")
        let error = #expect(throws: ExportError.self) {
            try write(model, stage: stage.index, for: target, to: "\(folder.path)/refused")
        }
        let text = error?.description ?? ""
        #expect(text.contains(stage.message) && text.contains("--to onnx"), "\(text)")
        #expect(text.contains("\(target.name) has no such network"))
    }

    /// The reasons that only a network of one's own has.
    @Test func singlePropertiesAreRefused() throws {
        func message(
            _ target: ExportTarget,
            _ change: (inout ModelCard, inout VisionTransformerConfiguration) -> Void
        ) throws -> String {
            var stage = VisionTransformerConfiguration(
                patch: PatchGeometry(kernel: 8), width: 16, depth: 1, heads: 2, classes: 5)
            stage.imageSize = 32
            var card = ModelCard(try CascadeConfiguration([stage]))
            change(&card, &stage)
            card.configuration = try CascadeConfiguration([stage])
            let model = ExportedModel(
                card: card, weights: SyntheticWeights(seed: 1), classNames: nil, source: "")
            let error = #expect(throws: ExportError.self) {
                try write(model, for: target, to: "\(folder.path)/refused")
            }
            return error?.description ?? ""
        }
        for target in [ExportTarget.timm, .transformers] {
            #expect(
                try message(target) { $1.patch = .covering(32, patch: 7) }
                    .contains("its patches extend 2 pixels beyond the image"))
            #expect(
                try message(target) { $1.patch = PatchGeometry(kernel: 8, stride: 4) }
                    .contains("its patches of 8 pixels overlap"))
            #expect(
                try message(target) { $1.activation = .identity }
                    .contains("its MLPs have no activation"))
        }
        #expect(
            try message(.timm) { $1.layerNormEpsilon = 1e-3 }
                .contains("its LayerNorm epsilon is 0.001, and timm's 1e-5 or 1e-6"))
        #expect(
            try message(.transformers) { card, _ in card.normalization.crop = .pad }
                .contains("its images are padded to squares"))
        #expect(
            try message(.transformers) {
                ($1.pooling, $1.mlpWidth) = (.classTokenAndAverage, 24)
            }.contains("its MLP's width of 24 is no multiple of 16"))
    }

    /// Weights that are not numbers name the parameter, and leave no folder.
    @Test(arguments: ExportTarget.allCases)
    func weightsThatAreNotNumbersAreRefused(target: ExportTarget) throws {
        struct Damaged: ParameterSource {
            func check(_ configuration: CascadeConfiguration) {}

            func tensor(
                _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
            ) throws -> Tensor {
                Tensor(
                    parameter.shape,
                    repeating: parameter.name == "blocks.1.mlp.fc2.bias" ? .nan : 0)
            }
        }
        let model = ExportedModel(
            card: try .named("tiny-deit"), weights: Damaged(), classNames: nil, source: "")
        let error = #expect(throws: ExportError.self) {
            try write(model, stage: 0, for: target, to: "\(folder.path)/damaged")
        }
        #expect(error?.description.contains("\"blocks.1.mlp.fc2.bias\" holds nan") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}
