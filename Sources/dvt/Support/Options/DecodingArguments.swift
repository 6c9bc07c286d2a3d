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
        return preprocessing
    }
}

extension TruncationRule: ExpressibleByArgument {}
