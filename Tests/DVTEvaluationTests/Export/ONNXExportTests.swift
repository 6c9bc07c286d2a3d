import DVTCore
import DVTEvaluation
import DVTModel
import DVTReference
import DVTTestSupport
import Foundation
import SwiftProtobuf
import Testing

@testable import DVTExport

/// Exported graphs, computed by the definitions of ONNX's operators and compared with the reference.
@Suite struct ONNXExportTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// A network of one stage on images of 32 x 32.
    private static func plain(
        _ change: (inout VisionTransformerConfiguration) -> Void = { _ in }
    ) -> VisionTransformerConfiguration {
        var stage = VisionTransformerConfiguration(
            patch: PatchGeometry(kernel: 8), width: 16, depth: 2, heads: 2, classes: 5)
        stage.imageSize = 32
        change(&stage)
        return stage
    }

    /// Grids of 4, 7 and 8: the second has padded patches and averages coarse cells.
    private static let stages = [8, 5, 4].map { patch in
        plain { $0.patch = .covering(32, patch: patch) }
    }

    private static func tokensToToken(_ tokenizer: Tokenizer) -> VisionTransformerConfiguration {
        var stage = VisionTransformerConfiguration.tokensToToken(
            grid: 14, width: 16, depth: 1, heads: 2, mlpRatio: 2, classes: 5, tokenizer: tokenizer)
        stage.imageSize = 32
        return stage
    }

    private static let models: [String: @Sendable () throws -> CascadeConfiguration] = [
        "plain": { try CascadeConfiguration([plain()]) },
        "both reuses": { try CascadeConfiguration(stages) },
        "features": { try CascadeConfiguration(stages, relationReuse: false) },
        "relations": { try CascadeConfiguration(stages, featureReuse: false) },
        "no reuse": {
            try CascadeConfiguration(stages, featureReuse: false, relationReuse: false)
        },
        "as MindSpore's": {
            try CascadeConfiguration(
                [stages[0], stages[2]].map {
                    var stage = $0
                    stage.activation = .geluTanh
                    return stage
                }, normalizesReusedFeatures: false, naming: .mindSpore)
        },
        "performer": { try CascadeConfiguration([tokensToToken(.performer)]) },
        "transformer": { try CascadeConfiguration([tokensToToken(.transformer)]) },
        "two heads": {
            try CascadeConfiguration([
                plain {
                    ($0.prefixTokens, $0.pooling) = (2, .classAndDistillationTokens)
                    $0.hasQKVBias = false
                }
            ])
        },
        "average": {
            try CascadeConfiguration([
                plain {
                    ($0.prefixTokens, $0.pooling) = (0, .average)
                    $0.normalizesPooled = true
                }
            ])
        },
        "registers": {
            try CascadeConfiguration([
                plain {
                    ($0.prefixTokens, $0.pooling) = (5, .classTokenAndAverage)
                    ($0.normalizesEmbedding, $0.activation) = (true, .quickGELU)
                }
            ])
        },
        "learned query": {
            try CascadeConfiguration([plain { ($0.prefixTokens, $0.pooling) = (0, .attention) }])
        },
        "several sizes": {
            try CascadeConfiguration([plain()]).cascade(ofSizes: [16, 32])
                .reusing(features: false, relations: true)
        },
        "one block": { try CascadeConfiguration([plain { $0.depth = 1 }]) },
    ]

    private func exported(
        _ configuration: CascadeConfiguration, weights: any ParameterSource,
        change: (inout ModelCard) -> Void = { _ in }, classNames: [String]? = nil
    ) throws -> [WireModelProto] {
        var card = ModelCard(configuration)
        change(&card)
        let model = ExportedModel(
            card: card, weights: weights, classNames: classNames, source: "test")
        let output = "\(folder.path)/\(UUID().uuidString)"
        let files = try ExportFolder(path: output, replacing: false)
        _ = try model.write(stage: nil, for: .onnx, to: files)
        try files.commit()
        let names =
            configuration.stages.count == 1
            ? ["model.onnx"] : configuration.stages.indices.map { "stage\($0).onnx" }
        #expect(try FileManager.default.contentsOfDirectory(atPath: output).sorted() == names)
        return try names.map {
            try WireModelProto(
                serializedBytes: [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(output)/\($0)"))))
        }
    }

    /// Every operation of the reference is rounded to float32; sums of the interpreter are not.
    @Test(arguments: models.keys.sorted())
    func graphsComputeTheReferencesLogits(name: String) throws {
        let make = try #require(Self.models[name])
        let configuration = try make()
        let weights = SyntheticWeights(seed: 5)
        let images = SyntheticImages.batch(configuration.imageShape(batch: 2), seed: 1)
        let expected = try DynamicVisionTransformer(
            configuration, weights: weights, backend: ReferenceBackend()
        ).logits(images)
        let pixels = ONNXArray(images.shape.dimensions, images.values.map(Double.init))
        var kept: [String: ONNXArray] = [:]
        for (stage, model) in try exported(configuration, weights: weights).enumerated() {
            var inputs = ["pixels": pixels]
            for (name, value) in kept { inputs["reused_\(name)"] = value }
            #expect(Set(inputs.keys) == Set(model.graph.input.map(\.name)))
            kept = try ONNXInterpreter(model.graph)(inputs)
            let logits = try #require(kept["logits"])
            kept["logits"] = nil
            #expect(logits.shape == expected[stage].shape.dimensions)
            let distance = relativeDistance(logits.numbers, from: expected[stage].values)
            #expect(distance < 1e-6, "stage \(stage): \(distance)")
            let isLast = stage == configuration.stages.count - 1
            #expect((kept["features"] != nil) == (configuration.featureReuse && !isLast))
            #expect((kept["relations"] != nil) == (configuration.relationReuse && !isLast))
        }
    }

    /// The versions, the symbolic batch, names that are defined before they are used, and constants
    /// that are all used.
    @Test func filesAreWellFormed() throws {
        let configuration = try CascadeConfiguration(Self.stages)
        let models = try exported(configuration, weights: SyntheticWeights(seed: 1))
        for (stage, model) in models.enumerated() {
            #expect(model.irVersion == 8 && model.opsetImport.map(\.version) == [17])
            let graph = model.graph
            for port in graph.input + graph.output {
                let extents = port.type.tensorType.shape.dim
                #expect(extents[0].dimParam == "batch")
                #expect(extents.dropFirst().allSatisfy { $0.dimValue > 0 })
            }
            var known = Set(graph.input.map(\.name))
            for tensor in graph.initializer {
                #expect(known.insert(tensor.name).inserted, "\(tensor.name) twice")
                let size = tensor.dataType == 1 ? 4 : 8
                #expect(tensor.rawData.count == tensor.dims.reduce(1) { $0 * Int($1) } * size)
            }
            for node in graph.node {
                #expect(node.input.allSatisfy(known.contains), "\(node.name)")
                for name in node.output { #expect(known.insert(name).inserted, "\(name) twice") }
            }
            #expect(Set(graph.output.map(\.name)).isSubset(of: known))
            let used = Set(graph.node.flatMap(\.input))
            #expect(graph.initializer.allSatisfy { used.contains($0.name) })
            // Other stages' weights are not there.
            let parameters = configuration.parameters.filter { $0.stage == stage }
            let names = graph.initializer.filter { $0.dataType == 1 && !$0.dims.isEmpty }
                .flatMap { $0.name.replacing(".transposed", with: "").split(separator: "+") }
                .map(String.init).filter { !$0.hasPrefix("resampling") }
            #expect(Set(names) == Set(parameters.map(\.name)), "stage \(stage)")
        }
        #expect(models.map { $0.graph.input.count } == [1, 3, 3])
        #expect(models.map { $0.graph.output.count } == [3, 3, 1])
    }

    @Test func metadataDescribeTheModel() throws {
        let configuration = try CascadeConfiguration(Self.stages)
        let scoring = ExitScoring(criterion: .margin, temperatures: [2, 1.5, 1])
        let names = ["a", "b", "c\"", "d", "e"]
        let models = try exported(
            configuration, weights: SyntheticWeights(seed: 1),
            change: { card in
                card.thresholds = [0.25, 0.5]
                card.scoring = scoring
                card.normalization.crop = .squash
            }, classNames: names)
        let entries = models.map { model in
            Dictionary(uniqueKeysWithValues: model.metadataProps.map { ($0.key, $0.value) })
        }
        #expect(entries.map { $0["dvt.stage"] } == ["0", "1", "2"])
        #expect(entries.map { $0["dvt.stages"] } == ["3", "3", "3"])
        #expect(entries.map { $0["dvt.threshold"] } == ["0.25", "0.5", nil])
        #expect(entries.map { $0["dvt.criterion"] } == ["margin", "margin", nil])
        #expect(entries.map { $0["dvt.temperature"] } == ["2.0", "1.5", nil])
        #expect(entries[0]["dvt.class_names"] == #"["a","b","c\"","d","e"]"#)
        #expect(entries[0]["dvt.normalization"]?.contains(#""crop":"squash""#) == true)
        #expect(entries[0]["dvt.source"] == "test")
        let text = try #require(entries[0]["dvt.model_card"])
        let card = try ModelCard(json: Array(text.utf8), origin: "metadata")
        #expect(card.configuration == configuration && card.thresholds == [0.25, 0.5])
    }

    /// Readers of protobuf take 2 GiB; nothing is written beyond the limit.
    @Test func largeFilesAreRefused() throws {
        let path = "\(folder.path)/large.onnx"
        let file = ONNXFile(
            message: WireModelProto(),
            initializers: [ONNXInitializer(name: "w", shape: [1 << 29]) { [] }])
        let limit = ONNXFile.byteLimit
        #expect(limit == 2_147_483_647)
        let error = #expect(throws: ExportError.self) { try file.write(to: path) }
        guard case .tooLarge(path, let byteCount, limit)? = error else {
            Issue.record("\(error?.description ?? "")")
            return
        }
        #expect(byteCount > 1 << 31 && !FileManager.default.fileExists(atPath: path))
    }

    /// Lengths of one byte and more.
    @Test(arguments: [0, 1, 31, 32, 4096, 600_000])
    func lengthsAreThoseOfProtobuf(count: Int) throws {
        let path = "\(folder.path)/length.onnx"
        let values = (0..<count).map { Float($0) }
        try ONNXFile(
            message: .with { $0.irVersion = 8 },
            initializers: [
                ONNXInitializer(name: "w", shape: [count]) { values },
                ONNXInitializer(name: "i", .integers([-1, 1 << 40], [2])),
                ONNXInitializer(name: "s", .scalar(0.5)),
            ]
        ).write(to: path)
        let model = try WireModelProto(
            serializedBytes: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
        let tensors = model.graph.initializer
        #expect(model.irVersion == 8 && tensors.map(\.name) == ["w", "i", "s"])
        #expect(
            tensors.map { ONNXArray($0).numbers } == [
                values.map(Double.init), [-1, Double(1 << 40)], [0.5],
            ])
        #expect(tensors.map { ONNXArray($0).shape } == [[count], [2], []])
    }
}
