extension String {
    /// The text's width in terminal columns.
    ///
    /// East Asian wide characters and emoji take two columns, combining marks none.
    var displayWidth: Int {
        // Most text is ASCII, and nothing in ASCII joins or widens.
        utf8.allSatisfy { $0 < 0x80 } ? utf8.count : reduce(0) { $0 + $1.displayWidth }
    }

    /// The text padded with spaces to a width.
    ///
    /// - Parameters:
    ///   - width: the width in columns.
    ///   - alignment: the text's side.
    /// - Returns: the padded text, or the text itself if it is wider.
    func padded(to width: Int, _ alignment: OutputColumn.Alignment) -> String {
        let spaces = String(repeating: " ", count: max(0, width - displayWidth))
        return alignment == .leading ? self + spaces : spaces + self
    }
}

extension Character {
    fileprivate var displayWidth: Int {
        let scalars = unicodeScalars
        let isEmoji = scalars.contains { $0 == "\u{FE0F}" || $0.properties.isEmojiPresentation }
        if isEmoji || scalars.contains(where: isWide) {
            return 2
        }
        return scalars.allSatisfy(isZeroWidth) ? 0 : 1
    }
}

private func isZeroWidth(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .control, .format: true
    default: false
    }
}

/// Whether Unicode's East_Asian_Width is Wide or Fullwidth, emoji aside; by blocks.
private func isWide(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x20000...0x3FFFD:
        true
    default: false
    }
}
