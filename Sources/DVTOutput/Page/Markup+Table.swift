import DVTCore
import DVTSupport

extension Markup {
    /// Records as a table for people, which scrolls horizontally on narrow pages.
    ///
    /// - Parameters:
    ///   - columns: the columns; those for machines are omitted.
    ///   - rows: the records, each with a value for every column.
    /// - Returns: the table in its frame.
    package static func table(_ columns: [OutputColumn], rows: [[OutputValue]]) -> Markup {
        let shown = columns.indices.filter { columns[$0].audience.contains(.people) }
        func kind(_ column: Int) -> String? {
            columns[column].alignment == .trailing ? "number" : nil
        }
        let titles = shown.map { column in
            element("th", ["scope": "col", "class": kind(column)], [Markup(columns[column].title)])
        }
        let lines = rows.map { row in
            element(
                "tr", [:],
                shown.map { column in
                    element(
                        "td", ["class": kind(column)], [Markup(columns[column].shown(row[column]))])
                })
        }
        let table = element(
            "table", [:],
            [
                element("thead", [:], [element("tr", [:], titles)]),
                element("tbody", [:], [.lines(lines)]),
            ])
        return element("div", ["class": "scroll"], [table])
    }
}
