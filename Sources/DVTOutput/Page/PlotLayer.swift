/// A point of a plot.
package struct PlotPoint: Sendable {
    package let x: Double
    package let y: Double
    /// The tooltip.
    package let title: String
    /// The label beside the point, or nil.
    package let name: String?

    /// Creates a point.
    ///
    /// - Parameters:
    ///   - x: its number on the horizontal axis.
    ///   - y: its number on the vertical axis.
    ///   - title: the tooltip.
    ///   - name: the label beside the point, or nil.
    package init(x: Double, y: Double, title: String, name: String? = nil) {
        self.x = x
        self.y = y
        self.title = title
        self.name = name
    }
}

/// A bar of a plot: a rectangle given by its ranges on both axes.
package struct PlotBar: Sendable {
    let x: ClosedRange<Double>
    let y: ClosedRange<Double>
    let title: String

    /// Creates a bar.
    ///
    /// - Parameters:
    ///   - x: its range on the horizontal axis.
    ///   - y: its range on the vertical axis.
    ///   - title: the tooltip.
    package init(x: ClosedRange<Double>, y: ClosedRange<Double>, title: String) {
        self.x = x
        self.y = y
        self.title = title
    }
}

/// The shape of a point, which distinguishes layers without relying on color.
package enum PlotMark: Sendable {
    case dot
    case square
    case diamond

    /// The mark at a position in the drawing.
    func drawing(x: Double, y: Double, title: String? = nil) -> Markup {
        let content = title.map { [Markup.element("title", [:], [Markup($0)])] } ?? []
        let (left, top) = (shortNumber(x), shortNumber(y))
        switch self {
        case .dot:
            return .element("circle", ["cx": left, "cy": top, "r": "2.5"], content)
        case .square:
            return .element(
                "rect",
                [
                    "class": "mark", "x": shortNumber(x - 4), "y": shortNumber(y - 4),
                    "width": "8", "height": "8",
                ], content)
        case .diamond:
            return .element("path", ["d": "M\(left) \(shortNumber(y - 7))l7 7l-7 7l-7-7z"], content)
        }
    }
}

/// A layer of a plot.
package enum PlotLayer: Sendable {
    /// A line through points in order.
    case line([PlotPoint])
    /// Points.
    case marks([PlotPoint], PlotMark)
    /// Bars.
    case bars([PlotBar])

    /// The points that labels must not cover.
    package var points: [PlotPoint] {
        switch self {
        case .marks(let points, _): points
        case .line, .bars: []
        }
    }
}
