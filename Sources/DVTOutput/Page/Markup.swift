/// A piece of HTML or SVG in which all text from outside is escaped.
///
/// What is made is HTML and XML at once: every element is closed, and no entities are used but
/// XML's. So one builder serves pages, the drawings in them, and drawings as files of their own. A
/// literal stands for its text: `.element("p", ["class": "note"], ["1 < 2"])`.
package struct Markup: Sendable, Equatable, ExpressibleByStringInterpolation {
    /// The text as a file has it.
    package let source: String

    private init(source: String) {
        self.source = source
    }

    /// Creates a text, which is escaped.
    ///
    /// - Parameter text: any text.
    package init(_ text: String) {
        source = escaped(text)
    }

    package init(stringLiteral value: String) {
        self.init(value)
    }

    /// An element.
    ///
    /// - Parameters:
    ///   - name: its name, of this program's making.
    ///   - attributes: names, likewise, and any values; one without a value is left away.
    ///   - content: what it holds.
    /// - Returns: the element.
    package static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String?> = [:],
        _ content: [Markup] = []
    ) -> Markup {
        var start = "<\(name)"
        for case (let key, let value?) in attributes {
            start += " \(key)=\"\(escaped(value))\""
        }
        if content.isEmpty, isClosedAtOnce.contains(name) {
            return Markup(source: start + "/>")
        }
        return Markup(source: "\(start)>\(content.map(\.source).joined())</\(name)>")
    }

    /// A style sheet.
    ///
    /// - Parameter css: rules of this program's making, without `<` and `&`.
    /// - Returns: the element.
    package static func style(_ css: String) -> Markup {
        precondition(!css.contains { "<&".contains($0) }, "HTML and XML would read it otherwise")
        return Markup(source: "<style>\n\(css)\n</style>")
    }

    /// Pieces on lines of their own; for elements between which space means nothing.
    ///
    /// - Parameter pieces: the pieces.
    /// - Returns: all of them.
    package static func lines(_ pieces: [Markup]) -> Markup {
        Markup(source: pieces.map { $0.source + "\n" }.joined())
    }

    /// Elements that HTML has no end tag for, and SVG's that are often empty.
    private static let isClosedAtOnce: Set = [
        "br", "hr", "img", "input", "link", "meta", "circle", "feColorMatrix", "image", "line",
        "path", "polyline", "rect", "stop", "use",
    ]
}

/// Text as an element or a quoted attribute may have it.
///
/// - Parameter text: any text.
/// - Returns: the text; characters that XML cannot have at all are replaced.
private func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case "\t", "\n", "\r": result += "&#\(scalar.value);"
        case "\0"..<" ", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
}
