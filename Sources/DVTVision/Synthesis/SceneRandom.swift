import DVTCore

/// Random numbers for one purpose in one picture.
///
/// Number `i` is element `i` of ``SeededValues`` named `scene.INDEX.PURPOSE`, so that more draws
/// for one purpose leave those for the others as they are.
struct SceneRandom {
    private let values: SeededValues
    private var drawn = 0

    /// Creates the numbers.
    ///
    /// - Parameters:
    ///   - seed: the seed of the set.
    ///   - index: the picture.
    ///   - purpose: what they are for.
    init(seed: UInt64, index: Int, purpose: String) {
        values = SeededValues(name: "scene.\(index).\(purpose)", seed: seed)
    }

    /// The next 64 random bits.
    mutating func bits() -> UInt64 {
        defer { drawn += 1 }
        return values.bits(drawn)
    }

    /// The next number, uniform in [0, 1).
    mutating func unit() -> Double {
        // 53 bits: every such number is a Double.
        Double(bits() >> 11) * 0x1p-53
    }

    /// The next number, uniform in a range.
    mutating func next(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * unit()
    }

    /// The next whole number of `0..<count`, all equally likely but for 1 in 2^53.
    mutating func next(below count: Int) -> Int {
        Int(unit() * Double(count))
    }

    /// Heads or tails.
    mutating func coin() -> Bool {
        bits() >> 63 == 1
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
