// How messages show untrusted names.

/// A name from an untrusted file, quoted, on one line and of limited length.
///
/// - Parameters:
///   - text: the name.
///   - limit: the number of Unicode scalars kept.
/// - Returns: the name in quotes, with characters escaped that move the cursor or hide text.
package func quoted(_ text: String, limit: Int = 80) -> String {
    // Escapes apply to scalars: a carriage return and a line feed form one Character.
    let scalars = text.unicodeScalars
    let isCut = scalars.dropFirst(limit).isEmpty == false
    return scalars.prefix(limit).reduce(into: "\"") { result, scalar in
        result += escaped(scalar)
    } + (isCut ? "…\"" : "\"")
}

/// A path for a message: unchanged, or quoted if it would not stay on one line.
///
/// - Parameter path: the path.
/// - Returns: the complete path.
package func shown(_ path: String) -> String {
    path.unicodeScalars.contains(where: needsEscape) ? quoted(path, limit: .max) : path
}

/// Untrusted text made safe for a terminal.
///
/// - Parameter text: the text.
/// - Returns: one line, with characters escaped that move the cursor, or hide or reorder text.
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
    // The zero-width joiner of emoji hides nothing.
    case .format: scalar != "\u{200D}"
    default: false
    }
}
