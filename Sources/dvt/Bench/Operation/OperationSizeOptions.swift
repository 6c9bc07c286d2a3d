import ArgumentParser
import DVTOperations

/// The sizes and choices of `dvt bench op`; each applies to the operations that list it.
struct OperationSizeOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Rows of a linear layer or LayerNorm.", valueName: "sizes"))
    var m: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Outputs of a linear layer or of reused features.", valueName: "sizes"))
    var n: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Inputs of a linear layer.", valueName: "sizes"))
    var k: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Images per batch.", valueName: "sizes"))
    var batch: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Side of the token grid.", valueName: "sizes"))
    var grid: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Side of the coarser grid that is reused; 0 for none.", valueName: "sizes"))
    var reuseFrom: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Tokens per image.", valueName: "sizes"))
    var tokens: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Patches per image.", valueName: "sizes"))
    var patches: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Attention heads.", valueName: "sizes"))
    var heads: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Width of a head.", valueName: "sizes"))
    var headWidth: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Width of a token or row.", valueName: "sizes"))
    var width: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Hidden width of feature reuse.", valueName: "sizes"))
    var hidden: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Blocks that reuse features.", valueName: "sizes"))
    var blocks: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Features that LayerNorm appends to a row.", valueName: "sizes"))
    var appended: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Channels of images, or relations per image.", valueName: "sizes"))
    var channels: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Side of the images or maps.", valueName: "sizes"))
    var imageSize: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Side of a patch.", valueName: "sizes"))
    var patch: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Step between patches.", valueName: "sizes"))
    var stride: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Zero padding on each side.", valueName: "sizes"))
    var padding: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Random features of Performer attention.", valueName: "sizes"))
    var features: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Rows that precede the gathered ones.", valueName: "sizes"))
    var after: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Classes.", valueName: "sizes"))
    var classes: [String] = []

    @Option(help: ArgumentHelp("Activation: identity, gelu, gelu-tanh.", valueName: "names"))
    var activation: [String] = []

    @Option(help: ArgumentHelp("Whether a linear layer has a bias.", valueName: "on|off"))
    var bias: [String] = []

    @Option(help: ArgumentHelp("Whether a linear layer adds a residual.", valueName: "on|off"))
    var residual: [String] = []

    @Option(help: ArgumentHelp("Tokens that attend.", valueName: "all|class"))
    var queries: [String] = []

    @Option(help: ArgumentHelp("Whether attention keeps its logits.", valueName: "on|off"))
    var keepLogits: [String] = []

    @Option(help: ArgumentHelp("Whether feature reuse begins with LayerNorm.", valueName: "on|off"))
    var norm: [String] = []

    @Option(help: ArgumentHelp("Input of a soft split.", valueName: "image|tokens"))
    var input: [String] = []

    @Option(
        help: ArgumentHelp("Exit score: confidence, margin, entropy.", valueName: "names"))
    var criterion: [String] = []

    /// The texts of the given options, by the key of the parameter that each sets.
    var given: [(key: String, text: String)] {
        let all: [(String, [String])] = [
            ("m", m), ("n", n), ("k", k), ("batch", batch), ("grid", grid),
            ("reuse_from", reuseFrom), ("tokens", tokens), ("patches", patches),
            ("heads", heads), ("head_width", headWidth), ("width", width), ("hidden", hidden),
            ("blocks", blocks), ("appended", appended), ("channels", channels),
            ("image_size", imageSize), ("patch", patch), ("stride", stride),
            ("padding", padding), ("features", features), ("after", after),
            ("classes", classes), ("activation", activation), ("bias", bias),
            ("residual", residual), ("queries", queries), ("keep_logits", keepLogits),
            ("norm", norm), ("input", input), ("criterion", criterion),
        ]
        return all.flatMap { key, texts in texts.map { (key: key, text: $0) } }
    }
}

extension NamedOperation {
    /// The keys of all operations' parameters, in the order of first use.
    static let parameterKeys: [String] = {
        var seen: Set<String> = []
        return all.flatMap(\.parameters).map(\.key).filter { seen.insert($0).inserted }
    }()

    /// The keys of the parameters whose values are words.
    static let choiceKeys = Set(
        all.flatMap(\.parameters).compactMap { parameter in
            if case .choice = parameter.domain { parameter.key } else { nil }
        })
}
