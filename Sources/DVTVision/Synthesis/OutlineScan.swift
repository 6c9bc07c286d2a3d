/// The coverage of each pixel by an area: exact along rows, and sampled at several heights per row,
/// so edges are antialiased.
struct OutlineScan {
    /// A non-horizontal edge.
    private struct Edge {
        let top: SIMD2<Double>
        let bottom: SIMD2<Double>

        /// The x coordinate at a height, or nil outside the edge.
        func crossing(_ y: Double) -> Double? {
            guard top.y <= y, y < bottom.y else { return nil }
            return top.x + (bottom.x - top.x) * ((y - top.y) / (bottom.y - top.y))
        }
    }

    /// The rows that the area may touch.
    let rows: Range<Int>
    private let size: Int
    private let sublines: Int
    private let edges: [Edge]
    private var coverage: [Double]
    private var crossings: [Double] = []

    /// Prepares the scan of an area on a square of `size` pixels per side.
    init(_ outline: Outline, size: Int) {
        edges = outline.contours.flatMap { corners in
            zip(corners, corners.dropFirst() + corners.prefix(1)).map { corner, next in
                let (a, b) = (corner * Double(size), next * Double(size))
                return a.y <= b.y ? Edge(top: a, bottom: b) : Edge(top: b, bottom: a)
            }
        }
        func row(_ y: Double) -> Int { Int(max(0, min(Double(size), y))) }
        let top = row(edges.map(\.top.y).min() ?? 0)
        let bottom = row((edges.map(\.bottom.y).max() ?? 0) + 1)
        rows = top..<max(top, bottom)
        self.size = size
        sublines = size < 128 ? 16 : 8
        coverage = Array(repeating: 0, count: size)
    }

    /// Calls `body` with each covered column of a row and the covered fraction of its pixel.
    mutating func forEachCoveredColumn(in row: Int, _ body: (Int, Double) -> Void) {
        var touched = size..<size
        for subline in 0..<sublines {
            let y = Double(row) + (Double(subline) + 0.5) / Double(sublines)
            crossings.removeAll(keepingCapacity: true)
            for edge in edges {
                if let x = edge.crossing(y) { crossings.append(max(0, min(Double(size), x))) }
            }
            crossings.sort()
            for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
                let columns = cover(from: crossings[pair], to: crossings[pair + 1])
                touched =
                    min(
                        touched.lowerBound, columns.lowerBound)..<max(
                        touched.isEmpty ? 0 : touched.upperBound, columns.upperBound)
            }
        }
        for column in touched where coverage[column] > 0 {
            body(column, min(1, coverage[column] / Double(sublines)))
            coverage[column] = 0
        }
    }

    /// Adds a span at one height.
    private mutating func cover(from start: Double, to end: Double) -> Range<Int> {
        let columns = Int(start)..<min(size, Int(end) + 1)
        for column in columns {
            let left = max(start, Double(column))
            coverage[column] += max(0, min(end, Double(column + 1)) - left)
        }
        return columns
    }
}
