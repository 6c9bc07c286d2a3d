import DVTEvaluation
import DVTModel
import DVTOutput

/// An image overlaid with the attention of one exit.
///
/// Coordinates run from 0 to S, the side of the model's input.
struct AttentionPanel {
    let exit: Int
    let seen: ExitExplanation
    /// The ID of the element that shows the image.
    let imageID: String
    /// S.
    private let side: Double
    private let spans: [Range<Double>]
    private let range: ClosedRange<Double>

    init(_ model: CascadeConfiguration, exit: Int, seen: ExitExplanation, imageID: String) {
        self.exit = exit
        self.seen = seen
        self.imageID = imageID
        side = Double(model.imageSize)
        // The stage may see a smaller copy of the image.
        let scale = side / Double(model.stages[exit].imageSize)
        spans = model.stages[exit].tokenSpans.map {
            $0.lowerBound * scale..<$0.upperBound * scale
        }
        range = (seen.attention.min() ?? 0)...(seen.attention.max() ?? 0)
    }

    /// Definitions shared by all panels: a gray filter and the color ramp.
    static let definitions = Markup.element(
        "defs", [:],
        [
            .element(
                "filter", ["id": "gray", "color-interpolation-filters": "sRGB"],
                [.element("feColorMatrix", ["type": "saturate", "values": "0"])]),
            ColorRamp.gradient(id: "ramp"),
        ])

    /// The image in gray, the colored cells and the token grid; color encodes attention only.
    var parts: [Markup] {
        [
            .element("use", ["href": "#\(imageID)", "filter": "url(#gray)"]),
            .lines([.element("g", ["class": "heat", "opacity": "0.6"], cells)]),
            .element(
                "path",
                [
                    "class": "grid", "d": gridPath, "fill": "none", "stroke": "#fff",
                    "stroke-opacity": "0.45",
                    "stroke-width": shortNumber(0.0027 * side, decimals: 3),
                ]),
        ]
    }

    /// The accessibility label.
    var label: String {
        """
        Exit \(exit + 1): attention over \(seen.grid) by \(seen.grid) tokens, highest at \
        \(seen.mostAttendedText)
        """
    }

    /// The ends of the ramp, as multiples of uniform attention.
    var scale: (low: String, high: String) {
        (multiple(range.lowerBound), multiple(range.upperBound))
    }

    private var cells: [Markup] {
        let columns = spans
        return zip(spans, seen.attentionRows).enumerated().flatMap { row, entry in
            zip(columns, entry.1).enumerated().map { column, cell in
                self.cell(row, entry.0, column, cell.0, share: cell.1)
            }
        }
    }

    private func cell(
        _ row: Int, _ rows: Range<Double>, _ column: Int, _ columns: Range<Double>, share: Double
    ) -> Markup {
        let spread = range.upperBound - range.lowerBound
        let place = spread > 0 ? (share - range.lowerBound) / spread : 0
        let percent = decimalText(share * 100)
        return .element(
            "rect",
            [
                "x": shortNumber(columns.lowerBound), "y": shortNumber(rows.lowerBound),
                "width": shortNumber(columns.upperBound - columns.lowerBound),
                "height": shortNumber(rows.upperBound - rows.lowerBound),
                "fill": ColorRamp.color(place),
            ],
            [
                .element(
                    "title", [:],
                    ["row \(row + 1), column \(column + 1): \(percent) %, \(multiple(share))"])
            ])
    }

    private var gridPath: String {
        let end = shortNumber(spans.last?.upperBound ?? 0)
        return spans.dropFirst().map { span in
            let place = shortNumber(span.lowerBound)
            return "M\(place) 0V\(end)M0 \(place)H\(end)"
        }.joined()
    }

    private func multiple(_ share: Double) -> String {
        "\(decimalText(share * Double(seen.attention.count)))×"
    }
}
