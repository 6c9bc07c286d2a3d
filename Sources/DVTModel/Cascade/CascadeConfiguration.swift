public import DVTCore

/// A cascade of Vision Transformers with increasing numbers of tokens, and the reuse between them.
public struct CascadeConfiguration: Hashable, Sendable {
    /// The name, for messages.
    public let name: String
    /// The stages, in the order they run.
    public let stages: [VisionTransformerConfiguration]
    /// Whether a stage reuses the features of the previous stage.
    public let featureReuse: Bool
    /// Whether a stage reuses the attention logits of the previous stage.
    public let relationReuse: Bool
    /// Whether reused features are normalized before a block's feature-reuse MLP.
    ///
    /// The MindSpore models have the LayerNorm but do not use its output.
    public let normalizesReusedFeatures: Bool
    /// Whether all stages run the same network, each on images of its own size: they share all
    /// parameters except position embeddings, heads and the MLP of relation reuse.
    public let sharesBackbone: Bool
    /// The parameter naming of the model's own checkpoints.
    public let naming: ParameterNaming
    /// The hidden width of a block's feature-reuse MLP.
    public let reuseHidden = 128
    /// The width E that reused features add to the input of a block's MLP.
    public let reuseWidth = 48

    /// Creates a cascade and checks that its stages fit together.
    ///
    /// - Parameters:
    ///   - stages: one or more, in the order they run.
    ///   - name: the name, for messages.
    ///   - featureReuse: whether features are reused.
    ///   - relationReuse: whether attention logits are reused.
    ///   - normalizesReusedFeatures: whether reused features are normalized.
    ///   - sharesBackbone: whether all stages run the same network.
    ///   - naming: the parameter naming of its checkpoints; nil means timm's for one stage and the
    ///     authors' for more.
    /// - Throws: ``ModelError/invalidConfiguration(name:reason:)`` if the sizes cannot be combined.
    public init(
        _ stages: [VisionTransformerConfiguration], name: String = "custom",
        featureReuse: Bool = true, relationReuse: Bool = true,
        normalizesReusedFeatures: Bool = true, sharesBackbone: Bool = false,
        naming: ParameterNaming? = nil
    ) throws {
        self.name = name
        self.stages = stages
        self.featureReuse = featureReuse && stages.count > 1
        self.relationReuse = relationReuse && stages.count > 1
        self.normalizesReusedFeatures = normalizesReusedFeatures
        self.sharesBackbone = sharesBackbone && stages.count > 1
        self.naming = naming ?? .usual(stages: stages.count)
        guard stages.count <= 1 || self.naming.isOfCascades else {
            throw ModelError.invalidConfiguration(
                name: name,
                reason: "\(self.naming.rawValue) checkpoints hold a single stage")
        }
        if let reason = firstFault {
            throw ModelError.invalidConfiguration(name: name, reason: reason)
        }
    }

    /// The same cascade with other reuse settings.
    ///
    /// - Parameters:
    ///   - featureReuse: whether features are reused.
    ///   - relationReuse: whether attention logits are reused.
    /// - Returns: the cascade.
    /// - Throws: ``ModelError`` if features or relations cannot be reused between its stages.
    public func reusing(features featureReuse: Bool, relations relationReuse: Bool) throws -> Self {
        try Self(
            stages, name: name, featureReuse: featureReuse, relationReuse: relationReuse,
            normalizesReusedFeatures: normalizesReusedFeatures, sharesBackbone: sharesBackbone,
            naming: naming)
    }

    /// The number of classes.
    public var classes: Int { stages.first?.classes ?? 0 }

    /// The side in pixels of the images that the cascade takes, the largest of its stages' sides.
    public var imageSize: Int { stages.map(\.imageSize).max() ?? 0 }

    /// The same cascade for another number of classes.
    ///
    /// - Parameter classes: the number of classes.
    /// - Returns: the cascade.
    /// - Throws: ``ModelError`` if the number is too large.
    package func classifying(_ classes: Int) throws -> Self {
        try replacing(
            stages.map { stage in
                var stage = stage
                stage.classes = classes
                return stage
            })
    }

    /// The same cascade for images of another size; its patches keep theirs.
    ///
    /// - Parameter imageSize: the side of the images in pixels.
    /// - Returns: the cascade.
    /// - Throws: ``ModelError/invalidConfiguration(name:reason:)`` if its stages take images of
    ///   several sizes, or a stage's patches do not divide the images as they divide those of the
    ///   original size.
    package func resized(to imageSize: Int) throws -> Self {
        let sizes = stages.map(\.imageSize)
        guard Set(sizes).count == 1 else {
            throw ModelError.invalidConfiguration(
                name: name, reason: "its stages take images of \(sizes) pixels already")
        }
        return try replacing(stages.map { try resized($0, to: imageSize) })
    }

    /// The cascade of this plain model on images of several sizes, with one set of weights.
    ///
    /// - Parameter imageSizes: the side of each stage's images in pixels, ascending, at least two.
    /// - Returns: the cascade, without reuse.
    /// - Throws: ``ModelError/invalidConfiguration(name:reason:)`` if this is a cascade already, or
    ///   the model's patches do not divide the images.
    package func cascade(ofSizes imageSizes: [Int]) throws -> Self {
        guard stages.count == 1 else {
            throw ModelError.invalidConfiguration(
                name: name,
                reason: "it has \(stages.count) stages; several image sizes are for a plain model")
        }
        guard zip(imageSizes, imageSizes.dropFirst()).allSatisfy(<) else {
            throw ModelError.invalidConfiguration(
                name: name, reason: "image sizes \(imageSizes) are not in ascending order")
        }
        return try Self(
            imageSizes.map { try resized(stages[0], to: $0) },
            name: "\(name)-\(imageSizes.map { "\($0)" }.joined(separator: "-"))",
            featureReuse: false, relationReuse: false, sharesBackbone: true)
    }

    private func resized(
        _ stage: VisionTransformerConfiguration, to imageSize: Int
    ) throws -> VisionTransformerConfiguration {
        var stage = stage
        let patch = stage.patch.kernel
        if stage.tokenizer == .linear {
            guard stage.patch.padding > 0 || imageSize % patch == 0 else {
                throw ModelError.invalidConfiguration(
                    name: name,
                    reason: """
                        images of \(imageSize) pixels have no whole patches of \(patch); take a \
                        multiple of \(patch)
                        """)
            }
            stage.patch = .covering(imageSize, patch: patch)
        }
        stage.imageSize = imageSize
        return stage
    }

    /// The same cascade with other stages.
    private func replacing(_ stages: [VisionTransformerConfiguration]) throws -> Self {
        try Self(
            stages, name: name, featureReuse: featureReuse, relationReuse: relationReuse,
            normalizesReusedFeatures: normalizesReusedFeatures, sharesBackbone: sharesBackbone,
            naming: naming)
    }

    /// The shape of a batch of images.
    ///
    /// - Parameter batch: the number of images.
    /// - Returns: `[batch, C, S, S]`.
    public func imageShape(batch: Int) -> Shape {
        [batch, stages.first?.channels ?? 0, imageSize, imageSize]
    }

    /// The width of reused features at a stage: E, or 0 if none are reused.
    ///
    /// - Parameter stage: the stage, from 0.
    /// - Returns: the columns appended to the input of a block's MLP.
    public func reusedFeatureWidth(stage: Int) -> Int {
        featureReuse && stage > 0 ? reuseWidth : 0
    }
}

extension CascadeConfiguration {
    private var firstFault: String? {
        guard let first = stages.first else { return "a cascade needs at least one stage" }
        guard stages.count <= Self.stageLimit else {
            return "\(stages.count) stages are too many; the limit is \(Self.stageLimit)"
        }
        for (index, stage) in stages.enumerated() {
            if let fault = Self.fault(in: stage) { return "stage \(index + 1): \(fault)" }
            guard stage.channels == first.channels, stage.classes == first.classes else {
                return "stages 1 and \(index + 1) must agree in channels and classes"
            }
        }
        return (sharesBackbone ? backboneFault : nil) ?? reuseFault
    }

    /// Why the stages cannot share their backbone, or nil.
    private var backboneFault: String? {
        if featureReuse {
            return """
                stages that share their backbone cannot reuse features, which widen the MLPs; \
                disable feature reuse
                """
        }
        for (index, stage) in stages.enumerated() {
            var expected = stages[0]
            expected.imageSize = stage.imageSize
            guard stage == expected, stage.tokenizer == .linear else {
                return """
                    stage \(index + 1) differs from stage 1 in more than the image size, or is no \
                    plain ViT; such stages cannot share their backbone
                    """
            }
        }
        return nil
    }

    /// Why the stages cannot reuse what they are to reuse, or nil.
    private var reuseFault: String? {
        guard featureReuse || relationReuse else { return nil }
        if let index = stages.firstIndex(where: { $0.prefixTokens != 1 }) {
            return """
                stage \(index + 1) has \(stages[index].prefixTokens) tokens before the patches, and \
                reuse needs exactly one, the class token; disable feature and relation reuse
                """
        }
        guard relationReuse else { return nil }
        for (number, pair) in zip(stages, stages.dropFirst()).enumerated()
        where pair.0.depth != pair.1.depth || pair.0.heads != pair.1.heads {
            return """
                relation reuse needs equal depth and heads in stages \(number + 1) and \
                \(number + 2), but they have \(pair.0.depth) x \(pair.0.heads) and \
                \(pair.1.depth) x \(pair.1.heads)
                """
        }
        return nil
    }

    /// The maximum number of stages.
    private static var stageLimit: Int { 64 }

    /// The largest sizes; their products, such as the multiply-adds of a cascade, fit an Int.
    private static func limits(
        of stage: VisionTransformerConfiguration
    ) -> [(name: String, value: Int, limit: Int)] {
        [
            ("image size", stage.imageSize, 1 << 14), ("channels", stage.channels, 64),
            ("width", stage.width, 1 << 14), ("depth", stage.depth, 1 << 10),
            ("heads", stage.heads, 1 << 10), ("MLP width", stage.mlpWidth, 1 << 16),
            ("classes", stage.classes, 1 << 20), ("patch", stage.patch.kernel, 1 << 12),
            ("stride", stage.patch.stride, 1 << 12),
        ]
    }

    private static func fault(in stage: VisionTransformerConfiguration) -> String? {
        for (name, value, limit) in limits(of: stage) where !(1...limit).contains(value) {
            return "\(name) \(value) is not in 1...\(limit)"
        }
        guard (0..<stage.patch.kernel).contains(stage.patch.padding) else {
            return "padding \(stage.patch.padding) is not in 0..<\(stage.patch.kernel), the patch"
        }
        guard stage.width % stage.heads == 0 else {
            return "width \(stage.width) is not a multiple of \(stage.heads) heads"
        }
        guard (stage.tokenPooling.first...64).contains(stage.prefixTokens) else {
            return """
                \(stage.prefixTokens) tokens before the patches are not in \
                \(stage.tokenPooling.first)...64, which pooling \(stage.pooling.rawValue) takes
                """
        }
        guard stage.pooling != .attention || !stage.normalizesPooled else {
            return "pooling attention has its own LayerNorm; normalizes_pooled does not apply"
        }
        guard stage.grid > 0 else {
            return "no patch of \(stage.patch.kernel) pixels fits \(stage.imageSize) pixels"
        }
        guard stage.grid <= 128, stage.depth * stage.heads <= 1 << 14 else {
            return """
                a grid of side \(stage.grid) or \(stage.depth) x \(stage.heads) heads is too large; \
                the limits are 128 and \(1 << 14) in all
                """
        }
        return nil
    }
}
