import DVTCore
internal import DVTModel

/// The parameters of one stage that is a plain Vision Transformer.
struct StageParameters {
    let model: ExportedModel
    let stage: Int
    let target: ExportTarget
    /// The stage as a model of its own.
    let alone: CascadeConfiguration

    var network: VisionTransformerConfiguration { alone.stages[0] }
    /// P, the tokens before the patches.
    var prefixTokens: Int { network.prefixTokens }

    /// Checks that the stage is one.
    ///
    /// - Parameters:
    ///   - model: the model.
    ///   - stage: the stage, from 0.
    ///   - target: the library that it is written for.
    /// - Throws: ``ExportError/inexpressible(stage:target:reason:remedy:)`` if it is not.
    init(_ model: ExportedModel, stage: Int, for target: ExportTarget) throws {
        self.model = model
        self.stage = stage
        self.target = target
        alone = try model.configuration.alone(stage: stage)
        let configuration = model.configuration
        if stage > 0, configuration.featureReuse || configuration.relationReuse {
            throw fault(
                "it reuses what stage \(stage) computed",
                remedy: "export it by --to onnx, or the first stage alone by --stage 1")
        }
        guard network.tokenizer == .linear else {
            throw fault("its tokens are those of Tokens-to-Token")
        }
        guard network.patch.padding == 0, network.patch.stride == network.patch.kernel else {
            throw fault(
                network.patch.padding > 0
                    ? "its patches extend \(network.patch.padding) pixels beyond the image"
                    : "its patches of \(network.patch.kernel) pixels overlap")
        }
    }

    /// An error about a property that the target does not have.
    func fault(_ reason: String, remedy: String = "export it by --to onnx") -> ExportError {
        .inexpressible(
            stage: model.label(stage), target: target, reason: reason, remedy: remedy)
    }

    /// The parameters' names and shapes.
    var specifications: [ParameterSpecification] { alone.parameters }

    /// A parameter's values; those of a shared backbone are the first stage's.
    func values(_ parameter: ParameterSpecification) throws -> [Float] {
        let isOwn =
            !model.configuration.sharesBackbone || parameter.role.isHead
            || parameter.role.isPositions
        return try model.tensor(
            ParameterSpecification(
                stage: isOwn ? stage : 0, name: parameter.name, shape: parameter.shape,
                role: parameter.role)
        ).values
    }

    /// The values of a parameter that every stage has.
    func values(named name: String) throws -> [Float] {
        guard let parameter = specifications.first(where: { $0.name == name }) else {
            preconditionFailure("every stage has a parameter \(name)")
        }
        return try values(parameter)
    }

    /// A parameter, or some of its rows, as a tensor.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - name: the name of the tensor.
    ///   - rows: rows along the first axis, or nil for all.
    /// - Returns: the tensor.
    func tensor(
        _ parameter: ParameterSpecification, named name: String, rows: Range<Int>? = nil
    ) -> PretrainedTensor {
        let all = parameter.shape
        let rows = rows ?? 0..<all[0]
        let width = all.withBatch(1).elementCount
        return PretrainedTensor(name: name, shape: all.withBatch(rows.count)) {
            Array(try values(parameter)[rows.lowerBound * width..<rows.upperBound * width])
        }
    }

    /// Tokens of the parameters `cls_token` or `pos_embed`, `[1, count, D]`.
    ///
    /// - Parameters:
    ///   - parameter: either.
    ///   - name: the name of the tensor.
    ///   - tokens: the tokens.
    /// - Returns: the tensor.
    func tokens(
        _ parameter: ParameterSpecification, named name: String, _ tokens: Range<Int>
    ) -> PretrainedTensor {
        let width = network.width
        return PretrainedTensor(name: name, shape: [1, tokens.count, width]) {
            Array(try values(parameter)[tokens.lowerBound * width..<tokens.upperBound * width])
        }
    }

    /// The two heads of a distilled DeiT, whose average is the head of this package.
    ///
    /// - Parameters:
    ///   - parameter: the head's weight `[classes, 2 D]` or bias.
    ///   - names: the names of the two, without `.weight` or `.bias`.
    /// - Returns: the two tensors.
    func heads(_ parameter: ParameterSpecification, named names: [String]) -> [PretrainedTensor] {
        let (classes, width) = (network.classes, network.width)
        return names.enumerated().map { head, name in
            guard parameter.role == .headWeight else {
                return tensor(parameter, named: "\(name).bias")
            }
            return PretrainedTensor(name: "\(name).weight", shape: [classes, width]) {
                let values = try values(parameter)
                return (0..<classes).flatMap { row in
                    let start = (2 * row + head) * width
                    return values[start..<start + width].map { 2 * $0 }
                }
            }
        }
    }
}
