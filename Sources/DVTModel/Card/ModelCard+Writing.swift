internal import DVTCore
import DVTSupport

extension ModelCard {
    /// The complete card as one line of JSON, which ``init(json:origin:)`` reads.
    public var json: String { jsonValue.jsonText }

    private var jsonValue: JSONValue {
        let first = configuration.stages[0]
        let imageSize = configuration.imageSize
        var members: [(key: String, value: JSONValue)] = [
            ("name", .string(configuration.name)), ("image_size", .int(imageSize)),
            ("channels", .int(first.channels)), ("classes", .int(first.classes)),
            ("feature_reuse", .bool(configuration.featureReuse)),
            ("relation_reuse", .bool(configuration.relationReuse)),
            ("normalizes_reused_features", .bool(configuration.normalizesReusedFeatures)),
            ("naming", .string(configuration.naming.rawValue)),
            ("stages", .array(configuration.stages.map { $0.jsonValue(among: imageSize) })),
            ("normalization", normalization.jsonValue),
        ]
        if configuration.sharesBackbone { members.append(("shares_backbone", .bool(true))) }
        switch labels {
        case .dataSet(let name): members.append(("labels", .string(name)))
        case .list(let names): members.append(("labels", .array(names.map(JSONValue.string))))
        case nil: break
        }
        if let thresholds {
            members.append(("thresholds", .array(thresholds.map(JSONValue.float))))
            members += scoring.members
        }
        let parameters = configuration.parameters.reduce(0) { $0 + $1.shape.elementCount }
        members.append(("parameters", .int(parameters)))
        let costs = configuration.cumulativeMultiplyAdds.map(JSONValue.int)
        members.append(("multiply_adds", .array(costs)))
        return .object(members)
    }
}

extension VisionTransformerConfiguration {
    /// The stage of a cascade for images of this size, its own size only if that is another.
    fileprivate func jsonValue(among imageSize: Int) -> JSONValue {
        let patch: JSONValue = [
            "kernel": .int(patch.kernel), "stride": .int(patch.stride),
            "padding": .int(patch.padding),
        ]
        let members: [(key: String, value: JSONValue)] = [
            ("patch", patch), ("tokens", .int(grid * grid)),
            ("tokenizer", .string(tokenizer.rawValue)), ("width", .int(width)),
            ("depth", .int(depth)), ("heads", .int(heads)), ("mlp_width", .int(mlpWidth)),
            ("qkv_bias", .bool(hasQKVBias)), ("layer_norm_epsilon", .float(layerNormEpsilon)),
            ("activation", .string(activation.rawValue)), ("prefix_tokens", .int(prefixTokens)),
            ("normalizes_embedding", .bool(normalizesEmbedding)),
            ("pooling", .string(pooling.rawValue)), ("normalizes_pooled", .bool(normalizesPooled)),
        ]
        let own = self.imageSize == imageSize ? [] : [("image_size", JSONValue.int(self.imageSize))]
        return .object(own + members)
    }
}

extension ImageNormalization {
    /// The entry `normalization` of a card, as JSON on one line.
    package var json: String { jsonValue.jsonText }

    fileprivate var jsonValue: JSONValue {
        [
            "mean": .array((0..<3).map { .float(mean[$0]) }),
            "std": .array((0..<3).map { .float(standardDeviation[$0]) }),
            "crop_fraction": .double(cropFraction),
            "interpolation": .string(interpolation.rawValue), "crop": .string(crop.rawValue),
        ]
    }
}

extension ExitScoring {
    /// The entries in a card; none for the authors' scoring.
    fileprivate var members: [(key: String, value: JSONValue)] {
        (criterion == .confidence ? [] : [("criterion", .string(criterion.rawValue))])
            + (temperatures.map { [("temperatures", .array($0.map(JSONValue.float)))] } ?? [])
    }
}
