/// The bounding box of an element in a plot.
struct LabelBox: Equatable {
    /// Its upper left corner, in units of the drawing.
    let x: Double
    let y: Double
    let width: Double
    let height: Double

    func overlaps(_ other: Self) -> Bool {
        x < other.x + other.width && other.x < x + width && y < other.y + other.height
            && other.y < y + height
    }

    func distance(to point: (x: Double, y: Double, isNamed: Bool)) -> Double {
        let across = max(x - point.x, point.x - (x + width), 0)
        let down = max(y - point.y, point.y - (y + height), 0)
        return (across * across + down * down).squareRoot()
    }

    func contains(_ other: Self) -> Bool {
        x <= other.x && y <= other.y && other.x + other.width <= x + width
            && other.y + other.height <= y + height
    }
}

/// A text and its position.
struct PlacedLabel: Equatable {
    /// Which part of the text is at ``x``: SVG's `text-anchor`.
    enum Anchor: String {
        case start, middle, end
    }

    let text: String
    let x: Double
    let baseline: Double
    let anchor: Anchor
    let box: LabelBox

    /// The estimated width of a text, from the digits of a wide system font at 12 units.
    static func width(of text: String) -> Double { Double(text.count) * 7.6 }

    init(_ text: String, x: Double, middle: Double, anchor: Anchor) {
        let width = Self.width(of: text)
        let left =
            switch anchor {
            case .start: x
            case .middle: x - width / 2
            case .end: x - width
            }
        self.text = text
        self.x = x
        self.anchor = anchor
        baseline = middle + 4
        box = LabelBox(x: left, y: middle - 7, width: width, height: 14)
    }
}

/// Places labels beside points, one after the other.
struct LabelPlacement {
    private let frame: LabelBox
    private let points: [(x: Double, y: Double, isNamed: Bool)]
    /// The boxes occupied by other texts.
    private var taken: [LabelBox]

    /// Candidate directions, the best first.
    private static let directions: [(x: Double, y: Double, anchor: PlacedLabel.Anchor)] = [
        (1, 0, .start), (-1, 0, .end), (0, -1, .middle), (0, 1, .middle), (1, -1, .start),
        (-1, -1, .end), (1, 1, .start), (-1, 1, .end),
    ]

    /// Creates a placement without labels.
    ///
    /// - Parameters:
    ///   - frame: the box that labels must lie in.
    ///   - taken: the boxes of other texts.
    ///   - points: the points, which labels should not cover, and whether each has a label.
    init(
        frame: LabelBox, taken: [LabelBox] = [],
        points: [(x: Double, y: Double, isNamed: Bool)]
    ) {
        self.frame = frame
        self.taken = taken
        self.points = points
    }

    /// Chooses the position with the lowest penalty, preferring the nearest.
    ///
    /// - Parameters:
    ///   - name: the label's text.
    ///   - index: its point.
    /// - Returns: the placed label.
    mutating func place(_ name: String, besidePoint index: Int) -> PlacedLabel {
        let point = points[index]
        var best: (label: PlacedLabel, faults: Int)?
        for ring in 0..<4 {
            for direction in Self.directions {
                let label = PlacedLabel(
                    name, x: point.x + direction.x * Double(9 + 8 * ring),
                    middle: point.y + direction.y * Double(15 + 14 * ring),
                    anchor: direction.anchor)
                let faults = 10 * ring + faults(of: label.box, besidePoint: index)
                if faults < best?.faults ?? .max { best = (label, faults) }
            }
        }
        let label = best?.label ?? PlacedLabel(name, x: point.x, middle: point.y, anchor: .start)
        taken.append(label.box)
        return label
    }

    /// The penalty of a position.
    ///
    /// In descending order: crossing the frame, covering another text or a labeled point, being
    /// nearer to another labeled point than to its own, covering an unlabeled point.
    private func faults(of box: LabelBox, besidePoint index: Int) -> Int {
        let own = box.distance(to: points[index])
        let sum = points.indices.reduce(0) { sum, other in
            let distance = box.distance(to: points[other])
            guard points[other].isNamed else { return sum + (distance < 4 ? 2 : 0) }
            guard other != index, distance <= max(own, 5) else { return sum }
            return sum + (distance < 5 ? 500 : 100)
        }
        return (frame.contains(box) ? 0 : 10_000) + 1000 * taken.count(where: box.overlaps) + sum
    }
}
