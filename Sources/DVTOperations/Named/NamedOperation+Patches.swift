import DVTCore

// The operations of tokenizers.
extension NamedOperation {
    private static let batch = OperationParameter.size("batch", 8)
    private static let channels = OperationParameter.size("channels", 3)
    private static let imageSize = OperationParameter.size("image_size", 224, 1...1 << 12)
    private static let most = 1 << 10

    private static func geometry(_ values: OperationValues) -> PatchGeometry {
        PatchGeometry(
            kernel: values.size("patch"), stride: values.size("stride"),
            padding: values.size("padding"))
    }

    private static func noPatch(_ values: OperationValues) -> String? {
        geometry(values).gridSize(imageSize: values.size("image_size")) < 1
            ? "no patch fits; --patch is at most --image-size plus twice --padding" : nil
    }

    static let patchEmbed = NamedOperation(
        name: "patch-embed", summary: "patch embedding of images",
        parameters: [
            batch, channels, imageSize, .size("patch", 16, 1...most),
            .size("stride", sameAs: "patch", 1...most), .size("padding", 0, 0...most),
            .size("width", 384),
        ],
        tensors: { values in
            let grid = geometry(values).gridSize(imageSize: values.size("image_size"))
            let (side, patch) = (values.size("image_size"), values.size("patch"))
            return [
                [values.size("batch"), values.size("channels"), side, side],
                [values.size("width"), values.size("channels"), patch, patch],
                [values.size("batch"), grid, grid, values.size("width")],
            ]
        }, conflict: noPatch
    ) { values in
        PatchEmbedOperation(
            batch: values.size("batch"), channels: values.size("channels"),
            imageSize: values.size("image_size"), width: values.size("width"),
            geometry: geometry(values))
    }

    static let embedTokens = NamedOperation(
        name: "embed-tokens", summary: "class token and positions added to patches",
        parameters: [batch, .size("patches", 196), .size("width", 384)],
        tensors: { [[$0.size("batch"), $0.size("patches") + 1, $0.size("width")]] }
    ) { values in
        EmbedTokensOperation(
            batch: values.size("batch"), patches: values.size("patches"),
            width: values.size("width"))
    }

    static let softSplit = NamedOperation(
        name: "softsplit", summary: "soft split: overlapping patches as rows",
        parameters: [
            batch, channels, imageSize, .size("patch", 7, 1...most), .size("stride", 4, 1...most),
            .size("padding", 2, 0...most), .choice("input", "image", of: ["image", "tokens"]),
        ],
        tensors: { values in
            let grid = geometry(values).gridSize(imageSize: values.size("image_size"))
            let (side, patch) = (values.size("image_size"), values.size("patch"))
            return [
                [values.size("batch"), values.size("channels"), side, side],
                [values.size("batch"), grid, grid, values.size("channels"), patch, patch],
            ]
        }, conflict: noPatch
    ) { values in
        SoftSplitOperation(
            batch: values.size("batch"), channels: values.size("channels"),
            side: values.size("image_size"), geometry: geometry(values),
            ofTokens: values.choice("input") == "tokens")
    }

    static let performer = NamedOperation(
        name: "performer", summary: "Performer attention by random features",
        parameters: [
            batch, .size("tokens", 3136), .size("width", 64), .size("features", 32),
        ],
        tensors: {
            [
                [$0.size("batch"), $0.size("tokens"), 3, $0.size("width")],
                [$0.size("features"), $0.size("width")],
                [$0.size("batch"), $0.size("tokens"), $0.size("features")],
            ]
        }
    ) { values in
        PerformerOperation(
            batch: values.size("batch"), tokens: values.size("tokens"),
            width: values.size("width"), features: values.size("features"))
    }
}
