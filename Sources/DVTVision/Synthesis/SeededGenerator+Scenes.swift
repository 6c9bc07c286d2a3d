import DVTSupport

/// Random numbers for scenes.
///
/// Each purpose has its own stream, so extra draws for one purpose do not change the others.
extension SeededGenerator {
    /// Creates the stream `scene.INDEX.PURPOSE`.
    ///
    /// - Parameters:
    ///   - seed: the seed of the set.
    ///   - index: the index of the image.
    ///   - purpose: the use of the numbers.
    init(seed: UInt64, scene index: Int, purpose: String) {
        self.init(name: "scene.\(index).\(purpose)", seed: seed)
    }

    /// Draws a unit vector, equally distributed over the four quadrants.
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
