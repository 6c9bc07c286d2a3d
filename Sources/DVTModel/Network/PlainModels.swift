internal import DVTCore

extension VisionTransformerConfiguration {
    /// A plain ViT or DeiT by its name in timm or on the Hugging Face Hub.
    ///
    /// A name states family, size, patch and image size, for example `vit_small_patch16_224`,
    /// `deit_base_patch16_384.fb_in1k` or `google/vit-base-patch32-384`; the parts before a slash
    /// and after a period are ignored. The two heads of a distilled DeiT are averaged.
    ///
    /// - Parameter name: the name.
    /// - Returns: the configuration, with 1000 classes, or nil for any other name.
    public static func plain(_ name: String) -> Self? {
        let base = name.split(separator: "/").last?.split(separator: ".").first ?? ""
        let parts = base.split(whereSeparator: { $0 == "_" || $0 == "-" })
        // Other variants have other preprocessing, which a name does not give.
        let known = parts.dropFirst(2).allSatisfy {
            $0 == "distilled" || $0.hasPrefix("patch") || Int($0) != nil
        }
        guard known, parts.first != "deit3", parts.contains(where: { $0.hasPrefix("patch") }),
            parts.last.flatMap({ Int($0) }) != nil,
            let stage = TimmArchitecture(parts.joined(separator: "_"))?.finished(),
            stage.imageSize >= stage.patch.kernel,
            stage.imageSize % stage.patch.kernel == 0
        else { return nil }
        return stage
    }
}
