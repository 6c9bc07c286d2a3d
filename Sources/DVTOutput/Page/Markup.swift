/// A fragment of HTML or SVG in which all text is escaped.
///
/// The output is valid as HTML and as XML: every element is closed, and only XML's entities are
/// used. One builder therefore serves pages, the drawings in them and SVG files. A literal is a
/// text: `.element("p", ["class": "note"], ["1 < 2"])`.
package struct Markup: Sendable, Equatable, ExpressibleByStringInterpolation {
    /// The markup as text.
    package let source: String

    private init(source: String) {
        self.source = source
    }

    /// Creates an escaped text.
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
    ///   - name: its trusted name.
    ///   - attributes: trusted names and any values; attributes without a value are omitted.
    ///   - content: its content.
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
    /// - Parameter css: trusted rules, without `<` and `&`.
    /// - Returns: the element.
    package static func style(_ css: String) -> Markup {
        precondition(!css.contains { "<&".contains($0) }, "HTML and XML would read it otherwise")
        return Markup(source: "<style>\n\(css)\n</style>")
    }

    /// Fragments on separate lines, for elements between which white space is insignificant.
    ///
    /// - Parameter pieces: the fragments.
    /// - Returns: the joined fragments.
    package static func lines(_ pieces: [Markup]) -> Markup {
        Markup(source: pieces.map { $0.source + "\n" }.joined())
    }

    /// Elements without an end tag in HTML, and SVG elements that are often empty.
    private static let isClosedAtOnce: Set = [
        "br", "hr", "img", "input", "link", "meta", "circle", "feColorMatrix", "image", "line",
        "path", "polyline", "rect", "stop", "use",
    ]
}

/// Text escaped for an element or a quoted attribute; characters that XML forbids are replaced.
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
