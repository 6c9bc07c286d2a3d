/// An argument as a shell takes it.
func shellQuoted(_ text: String) -> String {
    let plain = text.unicodeScalars.allSatisfy {
        $0.properties.isAlphabetic || ("0"..."9").contains($0)
            || "-_./,:=+%@".unicodeScalars.contains($0)
    }
    guard text.isEmpty || !plain else { return text }
    return "'" + text.replacing("'", with: "'\\''") + "'"
}
