/// The colors of pages and drawings for the light and the dark theme.
///
/// CSS refers to them as `var(--ink)`. Text has a contrast of at least 4.5 to 1 on either
/// background, as WCAG requires.
package enum PagePalette {
    /// A color in both themes, as 0xRRGGBB.
    struct Entry {
        let name: String
        let light: UInt32
        let dark: UInt32
    }

    /// The backgrounds of text: the page and panels.
    static let grounds = [
        Entry(name: "page", light: 0xF5_F5F3, dark: 0x14_161A),
        Entry(name: "panel", light: 0xFF_FFFF, dark: 0x1E_2127),
    ]

    /// The colors of text.
    static let inks = [
        Entry(name: "ink", light: 0x1B_1D21, dark: 0xEC_EEF1),
        Entry(name: "ink-soft", light: 0x56_5B66, dark: 0xA9_AFBA),
        Entry(name: "accent", light: 0x1A_5FB4, dark: 0x7D_B4F5),
        Entry(name: "good", light: 0x1B_6E3D, dark: 0x7F_D6A0),
        Entry(name: "bad", light: 0xB5_3A1B, dark: 0xF5_9B78),
        Entry(name: "other", light: 0x7B_3FA0, dark: 0xCF_A8F0),
    ]

    /// The colors of lines and of bars' backgrounds.
    static let lines = [
        Entry(name: "line", light: 0xD9_DBE0, dark: 0x3A_3F49),
        Entry(name: "track", light: 0xE6_E8EC, dark: 0x31_363F),
    ]

    /// Rules that define the variables for the system's theme.
    package static let rules: String = {
        let entries = grounds + inks + lines
        return """
            :root { color-scheme: light dark; \(variables(entries, \.light)) }
            @media (prefers-color-scheme: dark) {
              :root { \(variables(entries, \.dark)) }
            }
            """
    }()

    private static func variables(_ entries: [Entry], _ theme: (Entry) -> UInt32) -> String {
        entries.map { "--\($0.name): \(hexColor(theme($0)));" }.joined(separator: " ")
    }
}

/// A color as CSS and SVG write it.
///
/// - Parameter value: the color as 0xRRGGBB.
/// - Returns: `#rrggbb`.
func hexColor(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "#" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
}
