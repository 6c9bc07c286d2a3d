/// A square image in the making, on which areas are painted one over the other.
///
/// It spans (0, 0) to (1, 1), y downwards.
struct SceneCanvas {
    let size: Int
    /// Red, green and blue from 0 to 1, row-major.
    private(set) var pixels: [SIMD3<Double>]

    /// Creates a canvas of one color.
    init(size: Int, color: SIMD3<Double>) {
        self.size = size
        pixels = Array(repeating: color, count: size * size)
    }

    /// Paints an area.
    ///
    /// - Parameters:
    ///   - outline: the area.
    ///   - color: its color.
    mutating func fill(_ outline: Outline, _ color: SIMD3<Double>) {
        var scan = OutlineScan(outline, size: size)
        for row in scan.rows {
            let start = row * size
            scan.forEachCoveredColumn(in: row) { column, share in
                pixels[start + column] += (color - pixels[start + column]) * share
            }
        }
    }

    /// Changes every pixel.
    ///
    /// - Parameter change: takes the column, the row and the pixel.
    mutating func forEachPixel(_ change: (Int, Int, inout SIMD3<Double>) -> Void) {
        for row in 0..<size {
            for column in 0..<size {
                change(column, row, &pixels[row * size + column])
            }
        }
    }

    /// The image with 8 bits a sample.
    var image: RGBImage {
        var samples: [UInt8] = []
        samples.reserveCapacity(pixels.count * 3)
        for pixel in pixels {
            // Truncated after adding one half: numbers of at least 0 are rounded so.
            let levels = pixel.clamped(lowerBound: .zero, upperBound: .one) * 255 + 0.5
            samples.append(UInt8(levels.x))
            samples.append(UInt8(levels.y))
            samples.append(UInt8(levels.z))
        }
        return RGBImage(width: size, height: size, pixels: samples)
    }
}

/// How much of each pixel an area covers: exact along rows, and sampled at several heights of each
/// row, so that edges are smooth.
struct OutlineScan {
    /// An edge that is not level, with its upper end first.
    private struct Edge {
        let top: SIMD2<Double>
        let bottom: SIMD2<Double>

        /// Where it crosses a height, or nil.
        func crossing(_ y: Double) -> Double? {
            guard top.y <= y, y < bottom.y else { return nil }
            return top.x + (bottom.x - top.x) * ((y - top.y) / (bottom.y - top.y))
        }
    }

    /// The rows that it may touch.
    let rows: Range<Int>
    private let size: Int
    private let sublines: Int
    private let edges: [Edge]
    private var coverage: [Double]
    private var crossings: [Double] = []

    /// Prepares the scan of an area on a square of `size` pixels a side.
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

    /// Goes through the pixels of a row of which something is covered.
    ///
    /// - Parameters:
    ///   - row: the row.
    ///   - body: takes the column and the part of the pixel that is covered, up to 1.
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

    /// Adds a span of one height.
    private mutating func cover(from start: Double, to end: Double) -> Range<Int> {
        let columns = Int(start)..<min(size, Int(end) + 1)
        for column in columns {
            let left = max(start, Double(column))
            coverage[column] += max(0, min(end, Double(column + 1)) - left)
        }
        return columns
    }
}
