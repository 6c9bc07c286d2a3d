/// The room of something in a plot.
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

/// A text and where it stands.
struct PlacedLabel: Equatable {
    /// Which part of the text is at ``x``, as SVG's `text-anchor` has it.
    enum Anchor: String {
        case start, middle, end
    }

    let text: String
    let x: Double
    let baseline: Double
    let anchor: Anchor
    /// The room that it takes.
    let box: LabelBox

    /// The units that a text takes.
    ///
    /// Systems' fonts differ; this is a wide one's digits at 12 units.
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

/// Finds room for names beside points, one after the other.
struct LabelPlacement {
    private let frame: LabelBox
    private let points: [(x: Double, y: Double, isNamed: Bool)]
    /// The rooms of other texts.
    private var taken: [LabelBox]

    /// Where names may stand, the best first.
    private static let directions: [(x: Double, y: Double, anchor: PlacedLabel.Anchor)] = [
        (1, 0, .start), (-1, 0, .end), (0, -1, .middle), (0, 1, .middle), (1, -1, .start),
        (-1, -1, .end), (1, 1, .start), (-1, 1, .end),
    ]

    /// Begins without names.
    ///
    /// - Parameters:
    ///   - frame: what names must lie in.
    ///   - taken: the rooms of other texts.
    ///   - points: the points, which names should not cover, and whether each has one.
    init(
        frame: LabelBox, taken: [LabelBox] = [],
        points: [(x: Double, y: Double, isNamed: Bool)]
    ) {
        self.frame = frame
        self.taken = taken
        self.points = points
    }

    /// Chooses the room that is least at fault, and of equal ones the nearest.
    ///
    /// - Parameters:
    ///   - name: the text.
    ///   - index: its point.
    /// - Returns: where it stands.
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

    /// What is wrong with a room: leaving the frame most, then covering another text or a named
    /// point, then seeming to belong to one, then covering points of which there are many.
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
