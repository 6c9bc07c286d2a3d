import DVTCore
import DVTSupport

/// Where and how a thing lies in the image.
struct ScenePlacement {
    /// Its middle.
    let center: SIMD2<Double>
    /// Half its side before it is stretched, as a part of the image's.
    let scale: Double
    private let stretch: SIMD2<Double>
    private let turn: Turn

    /// Draws a placement.
    ///
    /// - Parameters:
    ///   - center: the thing's middle.
    ///   - scale: half its side.
    ///   - tilt: the tangent of half the largest angle by which it is turned.
    ///   - random: the numbers.
    init(center: SIMD2<Double>, scale: Double, tilt: Double, random: inout SeededGenerator) {
        self.center = center
        self.scale = scale
        let ratio = random.next(0.86...1)
        let size: SIMD2<Double> = random.coin() ? [1, ratio] : [ratio, 1]
        stretch = random.coin() ? size : size * [-1, 1]
        turn = Turn(halfTangent: random.next(-tilt...tilt))
    }

    /// Where a point of the thing comes to lie.
    func applied(to point: SIMD2<Double>) -> SIMD2<Double> {
        center + turn.applied(to: point * stretch) * scale
    }
}

/// A thing, placed and colored.
struct SceneThing {
    private let areas: [(outline: Outline, color: SIMD3<Double>)]

    /// Places a whole thing.
    init(_ shape: SceneShape, _ placement: ScenePlacement, _ tones: SceneTones) {
        areas = shape.parts.map { part in
            (part.outline.mapped(placement.applied), tones[part.tone])
        }
    }

    /// Places a piece of a thing: what lies on one side of a line near its middle.
    ///
    /// - Parameters:
    ///   - shape: the thing.
    ///   - normal: points to the side that stays.
    ///   - distance: how far the line lies from the middle, toward that side.
    ///   - placement: where.
    ///   - tones: its colors.
    init(
        pieceOf shape: SceneShape, side normal: SIMD2<Double>, distance: Double,
        _ placement: ScenePlacement, _ tones: SceneTones
    ) {
        areas = shape.parts.map { part in
            let piece = part.outline.clipped(at: normal * distance, normal: normal)
            return (piece.mapped(placement.applied), tones[part.tone])
        }
    }

    /// Paints it.
    func paint(on canvas: inout SceneCanvas) {
        for area in areas {
            canvas.fill(area.outline, area.color)
        }
    }

    /// The upright rectangle around it.
    var bounds: (lower: SIMD2<Double>, upper: SIMD2<Double>) {
        let corners = areas.flatMap { $0.outline.contours.joined() }
        return corners.reduce((lower: .one, upper: .zero)) { box, corner in
            (pointwiseMin(box.lower, corner), pointwiseMax(box.upper, corner))
        }
    }

    /// The part of the image that it covers, were nothing before it.
    func share(size: Int) -> Double {
        var mask = SceneCanvas(size: size, color: .zero)
        for area in areas {
            mask.fill(area.outline, .one)
        }
        return mask.pixels.reduce(0) { $0 + $1.x } / Double(size * size)
    }
}
