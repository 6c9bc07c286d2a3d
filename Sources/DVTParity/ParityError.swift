import DVTSupport

/// An impossible comparison.
package enum ParityError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `origin` has no tensor `name` to compare with.
    case missing(name: String, origin: String)

    /// One line with the file and the tensor.
    package var description: String {
        switch self {
        case .missing(let name, let origin):
            "\(shown(origin)): has no tensor \(name) to compare with; give a file that has"
        }
    }
}
