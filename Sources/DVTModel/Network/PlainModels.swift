internal import DVTCore

extension VisionTransformerConfiguration {
    /// A plain ViT or DeiT by its name in timm or on the Hugging Face Hub.
    ///
    /// A name states family, size, patch and image size, for example `vit_small_patch16_224`,
    /// `deit_base_patch16_384.fb_in1k` or `google/vit-base-patch32-384`; the parts before a slash
    /// and after a period are ignored. The distilled DeiTs have two heads and are not plain.
    ///
    /// - Parameter name: the name.
    /// - Returns: the configuration, with 1000 classes, or nil for any other name.
    public static func plain(_ name: String) -> Self? {
        let base = name.split(separator: "/").last?.split(separator: ".").first ?? ""
        let parts = base.split(whereSeparator: { $0 == "_" || $0 == "-" })
        guard parts.count == 4, ["vit", "deit"].contains(parts[0]),
            let size = plainSizes[String(parts[1])], parts[2].hasPrefix("patch"),
            let patch = Int(parts[2].dropFirst("patch".count)), (1...64).contains(patch),
            let imageSize = Int(parts[3]), (patch...1024).contains(imageSize),
            imageSize % patch == 0
        else { return nil }
        var stage = Self(
            patch: PatchGeometry(kernel: patch), width: size.width, depth: size.depth,
            heads: size.heads)
        stage.imageSize = imageSize
        return stage
    }

    private static let plainSizes = [
        "tiny": (width: 192, depth: 12, heads: 3), "small": (width: 384, depth: 12, heads: 6),
        "base": (width: 768, depth: 12, heads: 12), "large": (width: 1024, depth: 24, heads: 16),
        "huge": (width: 1280, depth: 32, heads: 16),
    ]
}
