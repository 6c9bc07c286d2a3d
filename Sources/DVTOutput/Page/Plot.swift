/// An SVG plot of lines, points and bars over two axes with a grid.
///
/// At the default width text stays readable down to 320 pixels. Colors are those of ``PagePalette``, selected
/// by each layer's class: `one` to `four`, or `soft`.
package struct Plot: Sendable {
    private let horizontal: PlotAxis
    private let vertical: PlotAxis
    private let label: String
    private let width: Double
    private let height: Double

    /// Creates a plot without layers.
    ///
    /// - Parameters:
    ///   - label: the description for screen readers.
    ///   - horizontal: the horizontal axis.
    ///   - vertical: the vertical axis.
    ///   - width: the width in units of the drawing, in which text is 12 high.
    ///   - height: the height.
    package init(
        _ label: String, horizontal: PlotAxis, vertical: PlotAxis, width: Double = 400,
        height: Double = 280
    ) {
        self.label = label
        self.horizontal = horizontal
        self.vertical = vertical
        self.width = width
        self.height = height
    }

    /// Margins for the axes' numbers and titles.
    private static let (left, right, top, bottom) = (46.0, 20.0, 28.0, 44.0)

    /// The drawing.
    ///
    /// - Parameter layers: the layers from back to front, each with the class of its color.
    /// - Returns: an element `svg`.
    package func drawing(_ layers: [(PlotLayer, kind: String)]) -> Markup {
        let groups = layers.map { layer, kind in
            Markup.element("g", ["class": kind], marks(of: layer))
        }
        let texts = axisLabels.map { text($0, kind: "axis") }
        let names = names(in: layers.map(\.0)).map { text($0, kind: "name") }
        return .element(
            "svg",
            [
                "class": "plot", "role": "img", "aria-label": label,
                "viewBox": "0 0 \(shortNumber(width)) \(shortNumber(height))",
            ], [.lines([grid] + texts + groups + names)])
    }

    /// A legend entry: a mark with its text.
    ///
    /// - Parameters:
    ///   - mark: the mark.
    ///   - kind: the class of its color.
    ///   - text: the entry's text.
    /// - Returns: an element `span`.
    package static func key(_ mark: PlotMark, kind: String, _ text: String) -> Markup {
        let drawing = Markup.element(
            "svg", ["viewBox": "0 0 16 16", "class": "plot key", "aria-hidden": "true"],
            [.element("g", ["class": kind], [mark.drawing(x: 8, y: 8)])])
        return .element("span", [:], [drawing, Markup(text)])
    }

    private func x(_ value: Double) -> Double {
        Self.left + horizontal.place(value) * (width - Self.left - Self.right)
    }

    private func y(_ value: Double) -> Double {
        height - Self.bottom - vertical.place(value) * (height - Self.top - Self.bottom)
    }

    private var grid: Markup {
        let (low, high) = (height - Self.bottom, width - Self.right)
        let upright = horizontal.ticks.map {
            "M\(shortNumber(x($0))) \(shortNumber(Self.top))V\(shortNumber(low))"
        }
        let level = vertical.ticks.map {
            "M\(shortNumber(Self.left)) \(shortNumber(y($0)))H\(shortNumber(high))"
        }
        return .element("path", ["class": "grid", "d": (upright + level).joined()])
    }

    /// The numbers of the axes and their titles.
    private var axisLabels: [PlacedLabel] {
        let (low, high) = (height - Self.bottom, width - Self.right)
        let columns = horizontal.ticks.map { tick in
            let words = horizontal.text(tick)
            // A long number at the end of the axis would be cut at the drawing's edge.
            let most = width - PlacedLabel.width(of: words) / 2
            return PlacedLabel(words, x: min(x(tick), most), middle: low + 12, anchor: .middle)
        }
        let rows = vertical.ticks.map {
            PlacedLabel(vertical.text($0), x: Self.left - 6, middle: y($0), anchor: .end)
        }
        return columns + rows + [
            PlacedLabel(vertical.title, x: 2, middle: 10, anchor: .start),
            PlacedLabel(horizontal.title, x: high, middle: height - 10, anchor: .end),
        ]
    }

    private func marks(of layer: PlotLayer) -> [Markup] {
        switch layer {
        case .line(let points):
            let path = points.enumerated().map { index, point in
                "\(index == 0 ? "M" : "L")\(shortNumber(x(point.x))) \(shortNumber(y(point.y)))"
            }
            return [.element("path", ["class": "line", "d": path.joined()])]
        case .marks(let points, let mark):
            return points.map { mark.drawing(x: x($0.x), y: y($0.y), title: $0.title) }
        case .bars(let bars):
            return bars.map(drawing(of:))
        }
    }

    private func drawing(of bar: PlotBar) -> Markup {
        let (left, right) = (x(bar.x.lowerBound), x(bar.x.upperBound))
        let (low, high) = (y(bar.y.lowerBound), y(bar.y.upperBound))
        return .element(
            "rect",
            [
                "class": "column", "x": shortNumber(left + 0.5), "y": shortNumber(high),
                "width": shortNumber(right - left - 1), "height": shortNumber(low - high),
            ], [.element("title", [:], [Markup(bar.title)])])
    }

    private func names(in layers: [PlotLayer]) -> [PlacedLabel] {
        let points = layers.flatMap(\.points)
        var placement = LabelPlacement(
            frame: LabelBox(x: 0, y: 0, width: width, height: height),
            taken: axisLabels.map(\.box),
            points: points.map { (x($0.x), y($0.y), $0.name != nil) }
                + layers.flatMap(alongLine))
        return points.indices.compactMap { index in
            points[index].name.map { placement.place($0, besidePoint: index) }
        }
    }

    /// Points along a line, which labels should not cover either.
    private func alongLine(_ layer: PlotLayer) -> [(x: Double, y: Double, isNamed: Bool)] {
        guard case .line(let points) = layer else { return [] }
        return zip(points, points.dropFirst()).flatMap { start, end in
            let (across, down) = (x(end.x) - x(start.x), y(end.y) - y(start.y))
            let count = max(1, Int(max(abs(across), abs(down)) / 6))
            return (0..<count).map { step in
                let part = Double(step) / Double(count)
                return (x(start.x) + part * across, y(start.y) + part * down, false)
            }
        }
    }

    private func text(_ label: PlacedLabel, kind: String) -> Markup {
        .element(
            "text",
            [
                "class": "\(kind) \(label.anchor.rawValue)", "x": shortNumber(label.x),
                "y": shortNumber(label.baseline),
            ], [Markup(label.text)])
    }

    /// CSS for pages with plots.
    package static let rules = """
        .plot text { font: 12px system-ui, sans-serif; }
        .plot .axis { fill: var(--ink-soft); }
        .plot .middle { text-anchor: middle; }
        .plot .end { text-anchor: end; }
        .plot .name {
          fill: var(--ink); stroke: var(--panel); stroke-width: 3px; paint-order: stroke;
        }
        .plot .grid { stroke: var(--line); fill: none; stroke-width: 0.75; }
        .plot .line { fill: none; stroke: currentColor; stroke-width: 1.5; }
        .plot g { fill: currentColor; }
        .plot .one { color: var(--accent); }
        .plot .two { color: var(--bad); }
        .plot .three { color: var(--good); }
        .plot .four { color: var(--other); }
        .plot .soft { color: var(--ink-soft); }
        .plot .soft .line, .plot .dashed .line { stroke-dasharray: 4 4; }
        .plot .mark { stroke: currentColor; stroke-width: 1.5; }
        .plot .hollow .mark { fill: var(--panel); }
        .plot .faint .column { opacity: 0.35; }
        .plots { grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); }
        .legend { display: flex; flex-wrap: wrap; gap: 0 1rem; }
        .legend > span { display: inline-flex; align-items: center; gap: 0.25rem; }
        .key { width: 1rem; flex: none; }
        """
}
