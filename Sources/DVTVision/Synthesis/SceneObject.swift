/// An object with its placement and colors.
struct SceneObject {
    private let areas: [(outline: Outline, color: SIMD3<Double>)]

    /// Places a whole object.
    init(_ shape: SceneShape, _ placement: ScenePlacement, _ tones: SceneTones) {
        areas = shape.parts.map { part in
            (part.outline.mapped(placement.applied), tones[part.tone])
        }
    }

    /// Places a piece of an object, cut along a line near its center.
    ///
    /// - Parameters:
    ///   - shape: the class of the object.
    ///   - normal: points to the side that is kept.
    ///   - distance: the distance of the line from the center, toward that side.
    ///   - placement: the position and orientation.
    ///   - tones: the colors.
    init(
        pieceOf shape: SceneShape, side normal: SIMD2<Double>, distance: Double,
        _ placement: ScenePlacement, _ tones: SceneTones
    ) {
        areas = shape.parts.map { part in
            let piece = part.outline.clipped(at: normal * distance, normal: normal)
            return (piece.mapped(placement.applied), tones[part.tone])
        }
    }

    func paint(on canvas: inout SceneCanvas) {
        for area in areas {
            canvas.fill(area.outline, area.color)
        }
    }

    /// The axis-aligned bounding box.
    var bounds: (lower: SIMD2<Double>, upper: SIMD2<Double>) {
        let corners = areas.flatMap { $0.outline.contours.joined() }
        return corners.reduce((lower: .one, upper: .zero)) { box, corner in
            (pointwiseMin(box.lower, corner), pointwiseMax(box.upper, corner))
        }
    }

    /// The fraction of the image that the unoccluded object covers.
    func share(size: Int) -> Double {
        var mask = SceneCanvas(size: size, color: .zero)
        for area in areas {
            mask.fill(area.outline, .one)
        }
        return mask.pixels.reduce(0) { $0 + $1.x } / Double(size * size)
    }
}
