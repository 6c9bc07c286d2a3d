import DVTSupport

/// Aligned columns, two spaces apart, under titles and a rule.
struct TableRenderer: RowRenderer {
    private let columns: [OutputColumn]
    private let heldCount: Int
    private var widths: [Int]
    /// The rows that determine the widths; nil once they are printed.
    private var held: [[String]]? = []

    init(_ columns: [OutputColumn], layout: TableLayout) {
        self.columns = columns
        widths = columns.map(\.title.displayWidth)
        switch layout {
        case .whole: heldCount = .max
        case .streaming(let firstRows): heldCount = max(1, firstRows)
        }
    }

    mutating func beginning() -> String { "" }

    mutating func text(of row: [OutputValue]) -> String {
        let cells = zip(columns, row).map { $0.shown($1) }
        guard var rows = held else {
            return line(cells)
        }
        widths = zip(widths, cells).map { max($0, $1.displayWidth) }
        rows.append(cells)
        held = rows
        return rows.count < heldCount ? "" : heldText()
    }

    mutating func end() -> String {
        held == nil ? "" : heldText()
    }

    private mutating func heldText() -> String {
        let rules = widths.map { String(repeating: "-", count: $0) }
        let rows = [columns.map(\.title), rules] + (held ?? [])
        held = nil
        return rows.map(line).joined()
    }

    private func line(_ cells: [String]) -> String {
        let padded = cells.indices.map { index in
            cells[index].padded(to: widths[index], columns[index].alignment)
        }
        // Trailing spaces would be copied with the text.
        let text = padded.joined(separator: "  ")
        let end = text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.startIndex
        return text[..<end] + "\n"
    }
}
