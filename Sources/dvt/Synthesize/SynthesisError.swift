import DVTSupport

/// Why a data set cannot be written.
enum SynthesisError: Error, Equatable, CustomStringConvertible {
    case foreignFiles(path: String)
    case unreadableSettings(path: String)
    case otherSettings(path: String, option: String, there: String, given: String)
    case fewerImages(path: String, there: Int, given: Int)

    var description: String {
        switch self {
        case .foreignFiles(let path):
            """
            \(shown(path)): contains files that dvt synthesize did not write; choose a new or \
            empty folder
            """
        case .unreadableSettings(let path):
            """
            \(shown(path)): has no valid settings of the data set beside it; choose a new or empty \
            folder
            """
        case .otherSettings(let path, let option, let there, let given):
            """
            \(shown(path)): contains images generated with \(option) \(printable(there)), not \
            \(given); use the same options or choose another folder
            """
        case .fewerImages(let path, let there, let given):
            """
            \(shown(path)): was created with --count \(there), more than \(given); use at least \
            \(there) or choose another folder
            """
        }
    }
}
