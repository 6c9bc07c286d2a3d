import DVTCore

extension NamedOperation {
    /// The operations that tools offer by name, with the sizes of DVT-DeiT-small's last stage at
    /// batch size 8 (for the T2T operations: DVT-T2T-ViT-12's) as defaults.
    package static let all: [NamedOperation] = [
        linear, attention, layerNorm, relationReuse, featureReuse, patchEmbed, embedTokens,
        softSplit, performer, gather, confidence,
    ]

    /// The operation with a name, or nil.
    ///
    /// - Parameter name: the name.
    /// - Returns: the operation.
    package static func named(_ name: String) -> NamedOperation? {
        all.first { $0.name == name }
    }

    private static let batch = OperationParameter.size("batch", 8)
    /// Rows may be many: batch times tokens.
    private static let rows = OperationParameter.size("m", 8 * 197, 1...1 << 24)
    /// The square of a grid's side must stay within the limit of other sizes.
    private static let sides = 1...1 << 10

    private static let linear = NamedOperation(
        name: "linear", summary: "linear layer, [m, k] by [n, k]",
        parameters: [
            rows, .size("n", 1536), .size("k", 384),
            .choice("activation", "identity", of: Activation.allCases.map(\.rawValue)),
            .flag("bias", true), .flag("residual", false),
        ],
        tensors: {
            [[$0.size("m"), max($0.size("n"), $0.size("k"))], [$0.size("n"), $0.size("k")]]
        }
    ) { values in
        LinearOperation(
            rows: values.size("m"), inputs: values.size("k"), outputs: values.size("n"),
            activation: Activation(rawValue: values.choice("activation")) ?? .identity,
            hasBias: values.isOn("bias"), hasResidual: values.isOn("residual"))
    }

    private static let attention = NamedOperation(
        name: "attention", summary: "attention of grid x grid + 1 tokens",
        parameters: [
            batch, .size("grid", 14, sides), .size("heads", 6), .size("head_width", 64),
            .choice("queries", "all", of: ["all", "class"]),
            .size("reuse_from", 0, 0...1 << 10), .flag("keep_logits", false),
        ],
        tensors: { values in
            let tokens = values.size("grid") * values.size("grid") + 1
            let coarse = values.size("reuse_from") * values.size("reuse_from") + 1
            let (batch, heads) = (values.size("batch"), values.size("heads"))
            return [
                [batch, tokens, 3, heads, values.size("head_width")],
                [2, batch, heads, values.isOn("keep_logits") ? tokens : 1, tokens],
                [2, batch, heads, coarse, coarse],
            ]
        },
        conflict: { values in
            values.isOn("keep_logits") && values.choice("queries") == "class"
                ? "only attention of all tokens keeps its logits; choose one of the two"
                : finerThanGrid(values)
        }
    ) { values in
        let coarse = values.size("reuse_from")
        return AttentionOperation(
            batch: values.size("batch"), grid: values.size("grid"), heads: values.size("heads"),
            headWidth: values.size("head_width"),
            queries: values.choice("queries") == "class" ? .classToken : .allTokens,
            reusing: coarse > 0 ? coarse : nil, keepsLogits: values.isOn("keep_logits"))
    }

    private static func finerThanGrid(_ values: OperationValues) -> String? {
        values.size("reuse_from") > values.size("grid")
            ? "reuse goes from a coarser grid to a finer one; --reuse-from is at most --grid" : nil
    }

    private static let layerNorm = NamedOperation(
        name: "layernorm", summary: "LayerNorm of m rows, which may append features",
        parameters: [rows, .size("width", 384), .size("appended", 0, 0...1 << 20)],
        tensors: { [[$0.size("m"), $0.size("width") + $0.size("appended")]] }
    ) { values in
        LayerNormOperation(
            rows: values.size("m"), width: values.size("width"), appended: values.size("appended"))
    }

    private static let relationReuse = NamedOperation(
        name: "relation-reuse", summary: "relation reuse of all layers' heads",
        parameters: [batch, .size("channels", 72), .size("tokens", 101, sides)],
        tensors: {
            [
                [$0.size("batch"), $0.size("channels"), $0.size("tokens"), $0.size("tokens")],
                [3, $0.size("channels"), $0.size("channels")],
            ]
        }
    ) { values in
        RelationReuseOperation(
            batch: values.size("batch"), channels: values.size("channels"),
            tokens: values.size("tokens"))
    }

    private static let featureReuse = NamedOperation(
        name: "feature-reuse", summary: "feature reuse for every block",
        parameters: [
            batch, .size("grid", 14, sides), .size("reuse_from", 10, sides), .size("width", 384),
            .size("hidden", 128), .size("n", 48), .size("blocks", 12), .flag("norm", true),
        ],
        tensors: { values in
            let (grid, coarse) = (values.size("grid"), values.size("reuse_from"))
            let widest = max(values.size("width"), values.size("n"))
            let (batch, blocks) = (values.size("batch"), values.size("blocks"))
            return [
                [batch, coarse * coarse + 1, values.size("width")],
                [blocks, batch, grid * grid + 1, max(values.size("n"), values.size("hidden"))],
                [blocks, values.size("hidden"), widest],
            ]
        }, conflict: finerThanGrid
    ) { values in
        FeatureReuseOperation(
            batch: values.size("batch"), from: values.size("reuse_from"), to: values.size("grid"),
            width: values.size("width"), hidden: values.size("hidden"), outputs: values.size("n"),
            blocks: values.size("blocks"), hasNorm: values.isOn("norm"))
    }

    private static let gather = NamedOperation(
        name: "gather", summary: "every second row, after other rows",
        parameters: [batch, .size("width", 197 * 384), .size("after", 0, 0...1 << 20)],
        tensors: { [[$0.size("batch") + $0.size("after"), $0.size("width")]] }
    ) { values in
        GatherOperation(
            batch: values.size("batch"), width: values.size("width"), after: values.size("after"))
    }

    private static let confidence = NamedOperation(
        name: "confidence", summary: "exit score of logits, read by the host",
        parameters: [
            batch, .size("classes", 1000),
            .choice("criterion", "confidence", of: ExitCriterion.allCases.map(\.rawValue)),
        ],
        tensors: { [[$0.size("batch"), $0.size("classes")]] }
    ) { values in
        ConfidenceOperation(
            batch: values.size("batch"), classes: values.size("classes"),
            criterion: ExitCriterion(rawValue: values.choice("criterion")) ?? .confidence)
    }
}
