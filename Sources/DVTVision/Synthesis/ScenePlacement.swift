import DVTSupport

/// The position and orientation of an object in the image.
struct ScenePlacement {
    /// The center of the object.
    let center: SIMD2<Double>
    /// Half the side before stretching, as a fraction of the image side.
    let scale: Double
    private let stretch: SIMD2<Double>
    private let turn: Turn

    /// Draws a placement.
    ///
    /// - Parameters:
    ///   - center: the center of the object.
    ///   - scale: half its side.
    ///   - tilt: the tangent of half the largest rotation angle.
    ///   - random: the source of the numbers.
    init(center: SIMD2<Double>, scale: Double, tilt: Double, random: inout SeededGenerator) {
        self.center = center
        self.scale = scale
        let ratio = random.next(0.86...1)
        let size: SIMD2<Double> = random.coin() ? [1, ratio] : [ratio, 1]
        stretch = random.coin() ? size : size * [-1, 1]
        turn = Turn(halfTangent: random.next(-tilt...tilt))
    }

    /// Maps a point of the object to the image.
    func applied(to point: SIMD2<Double>) -> SIMD2<Double> {
        center + turn.applied(to: point * stretch) * scale
    }
}

/// A rotation, defined by the tangent of half its angle.
///
/// cos = (1 - t^2) / (1 + t^2) and sin = 2t / (1 + t^2) are identical on every machine with IEEE
/// arithmetic; the C library's `cos` and `sin` differ in the last bits.
struct Turn {
    private let cosine: Double
    private let sine: Double

    init(halfTangent t: Double) {
        cosine = (1 - t * t) / (1 + t * t)
        sine = 2 * t / (1 + t * t)
    }

    func applied(to point: SIMD2<Double>) -> SIMD2<Double> {
        [cosine * point.x - sine * point.y, sine * point.x + cosine * point.y]
    }
}
