import DVTCore
package import DVTModel
import DVTSupport

/// A model to export: its card, weights and the names of its classes.
package struct ExportedModel {
    let card: ModelCard
    let weights: any ParameterSource
    let classNames: [String]?
    /// Where the weights are from, for the metadata.
    let source: String

    /// Collects what an export needs.
    ///
    /// - Parameters:
    ///   - card: the model's card.
    ///   - weights: its weights, already checked.
    ///   - classNames: the names of its classes, or nil.
    ///   - source: where the weights are from.
    package init(
        card: ModelCard, weights: any ParameterSource, classNames: [String]?, source: String
    ) {
        self.card = card
        self.weights = weights
        self.classNames = classNames
        self.source = source
    }

    var configuration: CascadeConfiguration { card.configuration }
    private var stages: Int { configuration.stages.count }

    /// Writes stages of the model into a folder.
    ///
    /// - Parameters:
    ///   - stage: the stage, from 0, or nil for all.
    ///   - target: the library or format.
    ///   - folder: the folder, which is not committed.
    /// - Returns: one line for each stage, for messages.
    /// - Throws: ``ExportError`` if a stage cannot be expressed, before any file is written; the
    ///   error of the weights or of a file.
    package func write(
        stage: Int?, for target: ExportTarget, to folder: borrowing ExportFolder
    ) throws -> [String] {
        let isWhole = stage == nil && stages > 1
        let chosen = stage.map { [$0] } ?? Array(0..<stages)
        var lines: [String] = []
        switch target {
        case .onnx:
            for model in try chosen.map({ try ONNXModel(self, stage: $0) }) {
                let file = isWhole ? "stage\(model.stage).onnx" : "model.onnx"
                try model.write(to: folder.file(file))
                lines.append("\(file): \(label(model.stage)), \(model.summary)")
            }
        case .timm, .transformers:
            let networks = try chosen.map { stage in
                let parameters = try StageParameters(self, stage: stage, for: target)
                return target == .timm
                    ? try PretrainedNetwork.timm(parameters)
                    : try PretrainedNetwork.transformers(parameters)
            }
            for (stage, network) in zip(chosen, networks) {
                let prefix = isWhole ? "stage\(stage)/" : ""
                for (name, text) in network.descriptions {
                    try replaceFile(folder.file(prefix + name), with: text.indentedText + "\n")
                }
                try network.writeWeights(to: folder.file(prefix + "model.safetensors"))
                lines.append("\(prefix)model.safetensors: \(label(stage)), \(network.summary)")
            }
        }
        return lines
    }

    /// A stage's name in messages.
    func label(_ stage: Int) -> String {
        let name = printable(configuration.name)
        return stages == 1 ? name : "stage \(stage + 1) of \(stages) of \(name)"
    }

    /// Reads a parameter whose values are all finite.
    func tensor(_ parameter: ParameterSpecification) throws -> Tensor {
        let tensor = try weights.tensor(parameter, of: configuration)
        try requireShape(parameter.name, tensor.shape, parameter.shape)
        if let value = tensor.values.first(where: { !$0.isFinite }) {
            throw ExportError.notFinite(parameter: parameter.name, value: value)
        }
        return tensor
    }
}
