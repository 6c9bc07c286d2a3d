/// A self-contained HTML page.
///
/// It follows the system's light or dark theme and adapts to narrow screens.
package struct HTMLPage: Sendable {
    private let title: String
    private let rules: String
    private let footer: [Markup]
    private let refreshSeconds: Int?

    /// Creates a page without content.
    ///
    /// - Parameters:
    ///   - title: the title and first heading.
    ///   - rules: CSS of the page's own parts; see ``Markup/style(_:)``.
    ///   - footer: the footer's content.
    ///   - refreshSeconds: the interval at which browsers reload the page, or nil.
    package init(
        title: String, rules: String = "", footer: [Markup] = [], refreshSeconds: Int? = nil
    ) {
        self.title = title
        self.rules = rules
        self.footer = footer
        self.refreshSeconds = refreshSeconds
    }

    /// The page's source.
    ///
    /// - Parameter content: the body's elements.
    /// - Returns: the text of the HTML file.
    package func source(_ content: [Markup]) -> String {
        let page = Markup.element(
            "html", ["lang": "en"],
            [
                .lines([head, body(content)])
            ])
        return "<!DOCTYPE html>\n\(page.source)\n"
    }

    private var head: Markup {
        let viewport = "width=device-width, initial-scale=1"
        let refresh = refreshSeconds.map {
            Markup.element("meta", ["http-equiv": "refresh", "content": "\($0)"])
        }
        return .element(
            "head", [:],
            [
                .lines(
                    [
                        .element("meta", ["charset": "utf-8"]),
                        .element("meta", ["name": "viewport", "content": viewport]),
                    ] + [refresh].compactMap { $0 } + [
                        .element("title", [:], [Markup(title)]),
                        .style([PagePalette.rules, Self.rules, rules].joined(separator: "\n")),
                    ])
            ])
    }

    private func body(_ content: [Markup]) -> Markup {
        let heading = Markup.element("h1", [:], [Markup(title)])
        return .element(
            "body", [:],
            [
                .lines([
                    .element("main", [:], [.lines([heading] + content)]),
                    .element("footer", [:], footer),
                ])
            ])
    }

    /// Rules shared by all pages.
    private static let rules = """
        *, *::before, *::after { box-sizing: border-box; }
        body {
          margin: 0; background: var(--page); color: var(--ink);
          font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
          -webkit-text-size-adjust: 100%; text-size-adjust: 100%;
        }
        main, footer { max-width: 84rem; margin: 0 auto; padding: 0 clamp(0.75rem, 3vw, 2rem); }
        footer { padding-bottom: 2rem; color: var(--ink-soft); font-size: 0.875rem; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 1.5rem 0 0.5rem; }
        h2 { font-size: 1.2rem; line-height: 1.3; margin: 0; }
        h3 { font-size: 1rem; line-height: 1.4; margin: 0; }
        p { margin: 0.25rem 0; }
        a { color: var(--accent); }
        svg { display: block; width: 100%; height: auto; }
        .note { color: var(--ink-soft); font-size: 0.875rem; }
        .number { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
        .gallery {
          display: grid; gap: 1rem; margin: 1rem 0 2.5rem;
          grid-template-columns: repeat(auto-fill, minmax(min(16rem, 100%), 1fr));
        }
        .panel {
          margin: 0; padding: 0.75rem; background: var(--panel); border: 1px solid var(--line);
          border-radius: 0.5rem; display: flex; flex-direction: column; gap: 0.5rem;
        }
        .panel p { margin: 0; }
        .panel h3 + .note { margin-top: -0.375rem; }
        .warning { border-left: 0.25rem solid var(--accent); padding-left: 0.75rem; }
        .scroll { overflow-x: auto; }
        .scroll td, .scroll th { padding: 0.25rem 1rem 0.25rem 0; white-space: nowrap; }
        .scroll th { color: var(--ink-soft); border-bottom: 1px solid var(--line); }
        table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
        caption { text-align: left; color: var(--ink-soft); }
        td, th { padding: 0.125rem 0; text-align: left; font-weight: normal; }
        .bar {
          background: var(--track); border-radius: 0.25rem; position: relative; height: 0.5rem;
        }
        .bar > span {
          display: block; height: 100%; border-radius: inherit; background: var(--accent);
        }
        @media print { .panel, section { break-inside: avoid; } }
        """
}
