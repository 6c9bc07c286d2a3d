import DVTCore
import DVTSupport

/// Random numbers for scenes.
///
/// Each purpose has its own, so that more draws for one leave those for the others as they are.
extension SeededGenerator {
    /// Creates the numbers for one purpose in one image, named `scene.INDEX.PURPOSE`.
    ///
    /// - Parameters:
    ///   - seed: the seed of the set.
    ///   - index: the image.
    ///   - purpose: what they are for.
    init(seed: UInt64, scene index: Int, purpose: String) {
        self.init(name: "scene.\(index).\(purpose)", seed: seed)
    }

    /// A direction: a vector of length 1, in any quarter alike.
    mutating func direction() -> SIMD2<Double> {
        let first = Turn(halfTangent: unit()).applied(to: [1, 0])
        switch bits() >> 62 {
        case 0: return first
        case 1: return [-first.y, first.x]
        case 2: return -first
        default: return [first.y, -first.x]
        }
    }
}

/// A rotation, given by the tangent of half its angle.
///
/// cos and sin are then (1 - t^2) / (1 + t^2) and 2t / (1 + t^2), which IEEE arithmetic gives alike
/// on all machines; the last bits of a C library's own differ.
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
