import DVTCore

extension CascadeConfiguration {
    /// The names that ``named(_:)`` knows.
    public static let names = [
        "deit-tiny", "deit-small", "deit-base", "dvt-deit-small", "tiny-deit",
    ]

    /// A released model's configuration.
    ///
    /// - Parameter name: one of ``names``.
    /// - Returns: the configuration.
    /// - Throws: ``ModelError/unknownModel(name:known:)`` if there is none of that name.
    public static func named(_ name: String) throws -> Self {
        switch name {
        case "deit-tiny": try Self([.deitTiny(patch: 16)], name: name)
        case "deit-small": try Self([.deitSmall(patch: 16)], name: name)
        case "deit-base": try Self([.deitBase(patch: 16)], name: name)
        case "dvt-deit-small":
            try Self([32, 23, 16].map { .deitSmall(patch: $0) }, name: name)
        case "tiny-deit":
            try Self([32, 23, 16].map(tinyStage), name: name)
        default: throw ModelError.unknownModel(name: name, known: names)
        }
    }

    /// A toy that is quick to run and has every path of the large models.
    private static func tinyStage(patch: Int) -> VisionTransformerConfiguration {
        VisionTransformerConfiguration(
            patch: .covering(224, patch: patch), width: 64, depth: 2, heads: 2, classes: 10)
    }
}
