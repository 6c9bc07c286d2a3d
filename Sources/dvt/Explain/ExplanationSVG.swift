import DVTCore
import DVTEvaluation
import DVTOutput
import DVTSupport

/// Explanations as an SVG drawing: one row per image, one column per exit.
struct ExplanationSVG: ExplanationLayout {
    let texts: ExplanationText

    private static let margin = 24
    private static let panelWidth = 264
    private static let columnWidth = panelWidth + 24
    private static let lineHeight = 20
    /// The top of a panel's image, below two lines of text.
    private static let imageTop = 48

    func part(of image: ExplainedImage) -> Markup {
        let explanation = image.explanation
        let top = headHeight + image.index * rowHeight
        let exits = explanation.exits.indices.map { exit in
            column(exit + 1, exitParts(image, exit: exit))
        }
        return .element(
            "g", ["transform": "translate(\(Self.margin) \(top))"],
            [
                .lines(
                    [
                        text(printable(image.path), y: 18, kind: "name", fit: fullWidth),
                        text(texts.summary(of: explanation), y: 40, kind: "soft", fit: fullWidth),
                        column(0, plainParts(image)),
                    ] + exits)
            ])
    }

    func source(_ parts: [Markup], _ place: ExplanationPlace) -> String {
        let height = headHeight + parts.count * rowHeight
        let lines = headLines
        let drawing = Markup.element(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(width) \(height)",
                "width": "\(width)", "height": "\(height)", "role": "img",
                "aria-label": texts.title,
            ],
            [
                .lines(
                    [
                        .element("title", [:], [Markup(texts.title)]),
                        .style(PagePalette.rules + "\n" + Self.rules),
                        AttentionPanel.definitions,
                        .element("rect", ["class": "page", "width": "100%", "height": "100%"]),
                        text(texts.title, x: Self.margin, y: 40, kind: "title", fit: fullWidth),
                    ]
                        + lines.enumerated().map { line, words in
                            let y = 64 + line * Self.lineHeight
                            return text(words, x: Self.margin, y: y, kind: "soft", fit: fullWidth)
                        } + parts)
            ])
        return drawing.source + "\n"
    }

    private func plainParts(_ image: ExplainedImage) -> [Markup] {
        [
            text("Model input", y: 16, kind: "strong"),
            text(texts.pixels(side: image.side), y: 36, kind: "soft"),
            frame(image, [image.image]),
        ]
    }

    private func exitParts(_ image: ExplainedImage, exit: Int) -> [Markup] {
        let explanation = image.explanation
        let seen = explanation.exits[exit]
        let isTaken = exit == explanation.exit
        let attention = AttentionPanel(texts.model, exit: exit, seen: seen, imageID: image.id)
        let title = "Exit \(exit + 1)" + (isTaken ? ": exits here" : "")
        let bottom = Self.imageTop + Self.panelWidth
        return [
            text(title, y: 16, kind: isTaken ? "strong taken" : "strong"),
            text(texts.size(of: seen), y: 36, kind: "soft"),
            frame(image, attention.parts, isTaken: isTaken),
            .element(
                "rect",
                [
                    "y": "\(bottom + 8)", "width": "\(Self.panelWidth)", "height": "6",
                    "fill": "url(#ramp)",
                ]),
            text(
                "\(attention.scale.low) to \(attention.scale.high) uniform",
                y: bottom + 30, kind: "soft"),
            text(
                texts.score(seen), y: bottom + 56, kind: isTaken ? "strong taken" : "strong"),
            text(texts.verdict(explanation, exit: exit), y: bottom + 76),
        ]
            + seen.top.enumerated().map { place, entry in
                line(entry, y: classesTop + place * Self.lineHeight)
            }
    }

    /// The image scaled to the panel, with a border.
    private func frame(
        _ image: ExplainedImage, _ parts: [Markup], isTaken: Bool = false
    ) -> Markup {
        let size = "\(Self.panelWidth)"
        let border = Markup.element(
            "rect",
            [
                "class": isTaken ? "border taken" : "border", "y": "\(Self.imageTop)",
                "width": size, "height": size,
            ])
        let drawing = Markup.element(
            "svg",
            [
                "y": "\(Self.imageTop)", "width": size, "height": size,
                "viewBox": "0 0 \(image.side) \(image.side)",
            ], parts)
        return .lines([drawing, border])
    }

    /// A class name, a bar of its probability, and the number.
    private func line(_ entry: ClassConfidence, y: Int) -> Markup {
        let (start, length) = (148, 60)
        let bar = Double(entry.probability) * Double(length)
        let (top, height) = ("\(y - 9)", "8")
        return .lines([
            text(texts.name(entry), y: y, fit: start - 8),
            .element(
                "rect",
                [
                    "class": "track", "x": "\(start)", "y": top, "width": "\(length)",
                    "height": height,
                ]),
            .element(
                "rect",
                [
                    "class": "bar", "x": "\(start)", "y": top, "width": shortNumber(bar),
                    "height": height,
                ]),
            text(
                texts.probability(entry.probability), x: Self.panelWidth, y: y, kind: "number"),
        ])
    }

    private func column(_ index: Int, _ parts: [Markup]) -> Markup {
        .element(
            "g", ["transform": "translate(\(index * Self.columnWidth) 56)"], [.lines(parts)])
    }

    /// A line of text, truncated to `fit` units with the full text as a tooltip.
    private func text(
        _ words: String, x: Int = 0, y: Int, kind: String? = nil, fit: Int = panelWidth
    ) -> Markup {
        let limit = fit / (Self.letterWidths[kind ?? ""] ?? 7)
        let isLong = words.count > limit
        let shown = isLong ? words.prefix(limit - 1) + "…" : words[...]
        return .element(
            "text", ["x": x == 0 ? nil : "\(x)", "y": "\(y)", "class": kind],
            [Markup(String(shown))] + (isLong ? [.element("title", [:], [Markup(words)])] : []))
    }

    /// Conservative character widths of the larger text styles, in units; fonts differ by system.
    private static let letterWidths = ["title": 14, "name": 10]

    private var fullWidth: Int { width - 2 * Self.margin }
    private var width: Int {
        2 * Self.margin + (texts.exitCount + 1) * Self.columnWidth - 24
    }
    private var headLines: [String] {
        [texts.rule] + texts.overlap + [texts.warning].compactMap { $0 }
    }
    private var headHeight: Int { 72 + headLines.count * Self.lineHeight }
    private var rowHeight: Int { 56 + classesTop + topCount * Self.lineHeight + 20 }
    private var classesTop: Int { Self.imageTop + Self.panelWidth + 102 }
    private var topCount: Int { texts.topK }

    private static let rules = """
        text { font: 13px system-ui, sans-serif; fill: var(--ink); }
        .title { font-size: 22px; font-weight: 600; }
        .name { font-size: 16px; font-weight: 600; }
        .strong { font-weight: 600; }
        .soft { fill: var(--ink-soft); }
        .number { text-anchor: end; font-variant-numeric: tabular-nums; }
        text.taken { fill: var(--good); }
        .page { fill: var(--page); }
        .track { fill: var(--track); }
        .bar { fill: var(--accent); }
        .border { fill: none; stroke: var(--line); }
        .border.taken { stroke: var(--good); stroke-width: 3; }
        """
}
