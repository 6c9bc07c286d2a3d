// How messages show names that anybody may have chosen.

/// A name from a file as a message shows it: quoted, on one line and never long.
///
/// - Parameters:
///   - text: the name; a hostile file may put anything there.
///   - limit: the number of Unicode scalars kept.
/// - Returns: the name in quotes; what moves a terminal's cursor or hides text is escaped.
package func quoted(_ text: String, limit: Int = 80) -> String {
    // The escapes are chosen by scalar: a carriage return and a line feed are one Character.
    let scalars = text.unicodeScalars
    let isCut = scalars.dropFirst(limit).isEmpty == false
    return scalars.prefix(limit).reduce(into: "\"") { result, scalar in
        result += escaped(scalar)
    } + (isCut ? "…\"" : "\"")
}

/// A path as a message shows it: as it is, or quoted where it would not stay on one line.
///
/// - Parameter path: the path.
/// - Returns: the text, whole.
package func shown(_ path: String) -> String {
    path.unicodeScalars.contains(where: needsEscape) ? quoted(path, limit: .max) : path
}

/// Text as a message or a terminal may have it: what moves the cursor, hides text or reorders it
/// is escaped.
///
/// - Parameter text: the text, which may come from the name of a file.
/// - Returns: the text on one line.
package func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: needsEscape) else { return text }
    return text.unicodeScalars.reduce(into: "") { result, scalar in
        result += needsEscape(scalar) ? scalar.escaped(asASCII: true) : String(scalar)
    }
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
    if needsEscape(scalar) {
        return scalar.escaped(asASCII: true)
    }
    return scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : String(scalar)
}

private func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    // The joiner of emoji is a format character that hides nothing.
    case .format: scalar != "\u{200D}"
    default: false
    }
}
