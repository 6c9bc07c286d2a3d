/// An area bounded by closed polygons, filled by the even-odd rule.
struct Outline {
    /// The corners of each polygon, in order.
    private(set) var contours: [[SIMD2<Double>]]

    /// The area inside one polygon.
    init(_ corners: [SIMD2<Double>]) {
        contours = [corners]
    }

    /// An upright rectangle.
    init(x: ClosedRange<Double>, y: ClosedRange<Double>) {
        self.init([
            [x.lowerBound, y.lowerBound], [x.upperBound, y.lowerBound],
            [x.upperBound, y.upperBound], [x.lowerBound, y.upperBound],
        ])
    }

    /// An ellipse, approximated by a polygon of 64 corners.
    init(center: SIMD2<Double>, radii: SIMD2<Double>) {
        self.init(Self.circle.map { center + radii * $0 })
    }

    /// A line of a given width with round caps.
    init(from start: SIMD2<Double>, to end: SIMD2<Double>, width: Double) {
        let along = end - start
        let length = (along.x * along.x + along.y * along.y).squareRoot()
        let unit = length > 0 ? along / length : [1, 0]
        let corners = Self.circle.map { point in
            // The forward half of the circle is placed at the end.
            let offset: SIMD2<Double> = [
                unit.x * point.x - unit.y * point.y, unit.y * point.x + unit.x * point.y,
            ]
            return (point.x >= 0 ? end : start) + offset * (width / 2)
        }
        self.init(corners)
    }

    /// Subtracts `hole`, which lies within this area.
    func without(_ hole: Outline) -> Outline {
        var result = self
        result.contours += hole.contours
        return result
    }

    /// Maps every corner.
    func mapped(_ move: (SIMD2<Double>) -> SIMD2<Double>) -> Outline {
        var result = self
        result.contours = contours.map { $0.map(move) }
        return result
    }

    /// Clips to one side of the line through a point.
    ///
    /// - Parameters:
    ///   - point: a point on the line.
    ///   - normal: points to the side that is kept.
    /// - Returns: the clipped area, possibly empty.
    /// - SeeAlso: Sutherland and Hodgman, Reentrant polygon clipping, 1974.
    func clipped(at point: SIMD2<Double>, normal: SIMD2<Double>) -> Outline {
        func height(_ corner: SIMD2<Double>) -> Double {
            let offset = corner - point
            return offset.x * normal.x + offset.y * normal.y
        }
        var result = self
        result.contours = contours.map { corners in
            var kept: [SIMD2<Double>] = []
            for (corner, next) in zip(corners, corners.dropFirst() + corners.prefix(1)) {
                let (here, there) = (height(corner), height(next))
                if here >= 0 { kept.append(corner) }
                if (here >= 0) != (there >= 0) {
                    kept.append(corner + (next - corner) * (here / (here - there)))
                }
            }
            return kept
        }
        return result
    }

    /// Points on the unit circle starting at (1, 0), evenly spaced to within a few thousandths.
    private static let circle: [SIMD2<Double>] = {
        let steps = 16
        let quarter = (0..<steps).map { step in
            Turn(halfTangent: halfTangent(Double(step) / Double(steps))).applied(to: [1, 0])
        }
        let half = quarter + quarter.map { [-$0.y, $0.x] }
        return half + half.map { -$0 }
    }()

    /// Approximates tan(u * 45 degrees) for even spacing.
    private static func halfTangent(_ u: Double) -> Double {
        u * (0.7854 + 0.2146 * u * u)
    }
}
