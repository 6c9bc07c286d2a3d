import ArgumentParser
import DVTVision

/// How a command decodes image files.
struct DecodingArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Files that end early: an error, or used as far as they go.",
            discussion: """
                refuse: an error. use: as viewers do, with a warning that says what is missing. \
                Default: use for `dvt classify` and `dvt explain`, otherwise refuse.
                """, valueName: "rule"))
    var truncated: TruncationRule?

    @Option(
        name: .customLong("gray16"),
        help: ArgumentHelp(
            "How plain gray of 16 bits becomes gray of 8 bits.",
            discussion: """
                high-byte: the value divided by 256. rounded: 255/65535 of the value, to nearest. \
                clipped: at 255, as Pillow's convert("RGB") and torchvision's ImageFolder do.
                """, valueName: "rule"))
    var gray16 = Gray16Conversion.highByte

    /// Applies the options to a preprocessing.
    ///
    /// - Parameters:
    ///   - preprocessing: the preprocessing.
    ///   - standard: the command's own rule for files that end early.
    /// - Returns: the preprocessing with these options.
    func applied(
        to preprocessing: Preprocessing, truncated standard: TruncationRule
    ) -> Preprocessing {
        var preprocessing = preprocessing
        preprocessing.decoding.truncation = truncated ?? standard
        preprocessing.decoding.gray16 = gray16
        return preprocessing
    }
}

extension TruncationRule: ExpressibleByArgument {}
extension Gray16Conversion: ExpressibleByArgument {}
