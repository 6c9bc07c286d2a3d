extension String {
    /// The columns of a terminal that the text takes.
    ///
    /// Letters of East Asian scripts and emoji take two, marks that combine take none.
    var displayWidth: Int {
        // Most text is ASCII, and nothing in ASCII joins or widens.
        utf8.allSatisfy { $0 < 0x80 } ? utf8.count : reduce(0) { $0 + $1.displayWidth }
    }

    /// The text with spaces up to a width, or as it is where it is wider.
    ///
    /// - Parameters:
    ///   - width: the columns to fill.
    ///   - alignment: where the text stands.
    /// - Returns: the text and its spaces.
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
