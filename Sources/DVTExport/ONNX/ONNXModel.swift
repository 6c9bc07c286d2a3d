import DVTCore
internal import DVTModel
import DVTSupport
import SwiftProtobuf

/// One stage of a model as an ONNX graph, without the values of its weights.
///
/// The inputs are `pixels` `[batch, C, S, S]`, normalized, and after a stage with reuse
/// `reused_features` and `reused_relations`; the outputs are `logits` and what the next stage
/// reuses, `features` `[batch, T, D]` and `relations` `[batch, LH, T, T]`.
struct ONNXModel {
    let stage: Int
    private let model: ExportedModel
    private let graph: ONNXGraph
    private let inputs: [Port]
    private let outputs: [Port]

    /// An input or output of the graph, with its shape for one image.
    private struct Port {
        let name: String
        let shape: Shape
        let meaning: String
    }

    /// Records a stage.
    ///
    /// - Parameters:
    ///   - model: the model.
    ///   - stage: the stage, from 0.
    /// - Throws: an error of the network.
    init(_ model: ExportedModel, stage: Int) throws {
        let backend = ONNXGraphBackend()
        let configuration = model.configuration
        let network = try DynamicVisionTransformer(configuration, backend: backend) { parameter in
            backend.parameter(parameter.name, parameter.shape) { try model.tensor(parameter) }
        }
        let inputs = Self.inputs(of: configuration, stage: stage)
        let tensors = Dictionary(
            uniqueKeysWithValues: inputs.map { ($0.name, backend.input($0.name, $0.shape)) })
        let output = try network.run(
            stage: stage,
            on: backend.input(inputs[0].name, inputs[0].shape),
            reusing: StageState(
                features: tensors["reused_features"], relations: tensors["reused_relations"]))
        let results: [(String, ONNXTensor?, String)] = [
            ("logits", output.logits, "the scores of the classes, before a softmax"),
            ("features", output.state.features, "for reused_features of the next stage"),
            ("relations", output.state.relations, "for reused_relations of the next stage"),
        ]
        outputs = results.compactMap { name, tensor, meaning in
            tensor.map {
                backend.makeOutput($0, named: name)
                return Port(name: name, shape: $0.shape, meaning: meaning)
            }
        }
        graph = backend.graph
        self.inputs = inputs
        self.model = model
        self.stage = stage
    }

    private static func inputs(of configuration: CascadeConfiguration, stage: Int) -> [Port] {
        let pixels = Port(
            name: "pixels", shape: configuration.imageShape(batch: 1),
            meaning: "images after resizing, cropping and normalization: dvt.normalization")
        guard stage > 0 else { return [pixels] }
        let earlier = configuration.stages[stage - 1]
        let features = Port(
            name: "reused_features", shape: [1, earlier.tokens, earlier.width],
            meaning: "the output features of the earlier stage")
        let relations = Port(
            name: "reused_relations",
            shape: [1, earlier.depth * earlier.heads, earlier.tokens, earlier.tokens],
            meaning: "the output relations of the earlier stage")
        return [pixels] + (configuration.featureReuse ? [features] : [])
            + (configuration.relationReuse ? [relations] : [])
    }

    /// The inputs and outputs, for messages.
    var summary: String {
        func text(_ ports: [Port]) -> String {
            ports.map { port in
                let extents = port.shape.dimensions.dropFirst().map(String.init)
                return "\(port.name) [\((["N"] + extents).joined(separator: ", "))]"
            }.joined(separator: ", ")
        }
        return "\(graph.nodes.count) nodes: \(text(inputs)) -> \(text(outputs))"
    }

    /// Writes the file.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``ExportError/tooLarge(path:byteCount:limit:)``, the error of the weights, or
    ///   ``/DVTSupport/FileError``.
    func write(to path: String) throws {
        var message = WireModelProto()
        message.irVersion = 8
        message.producerName = "dvt"
        message.opsetImport = [.with { $0.version = 17 }]
        message.metadataProps = metadata.map { key, value in
            .with { ($0.key, $0.value) = (key, value) }
        }
        message.graph = .with {
            $0.name = model.label(stage)
            $0.node = graph.nodes
            $0.input = inputs.map(Self.valueInfo)
            $0.output = outputs.map(Self.valueInfo)
        }
        try ONNXFile(message: message, initializers: graph.initializers).write(to: path)
    }

    private static func valueInfo(_ port: Port) -> WireValueInfoProto {
        var dimensions = port.shape.dimensions.map { extent in
            WireTensorShapeProto.Dimension.with { $0.dimValue = Int64(extent) }
        }
        dimensions[0] = .with { $0.dimParam = "batch" }
        return .with {
            $0.name = port.name
            $0.docString = port.meaning
            $0.type.tensorType.elemType = Int32(WireTensorProto.DataType.float.rawValue)
            $0.type.tensorType.shape.dim = dimensions
        }
    }

    /// The entries of `metadata_props`.
    private var metadata: [(String, String)] {
        let card = model.card
        var entries = [
            ("dvt.model_card", card.json), ("dvt.source", model.source),
            ("dvt.stage", "\(stage)"), ("dvt.stages", "\(card.configuration.stages.count)"),
            ("dvt.normalization", card.normalization.json),
        ]
        if let names = model.classNames {
            let list = JSONValue.array(names.map(JSONValue.string))
            entries.append(("dvt.class_names", list.jsonText))
        }
        if stage < card.configuration.stages.count - 1, let thresholds = card.thresholds {
            entries += [
                ("dvt.threshold", "\(thresholds[stage])"),
                ("dvt.criterion", card.scoring.criterion.rawValue),
            ]
            if let temperatures = card.scoring.temperatures {
                entries.append(("dvt.temperature", "\(temperatures[stage])"))
            }
        }
        return entries
    }
}
