import DVTSupport

/// The color role of a part of an object.
enum SceneTone: Int {
    case main, second, light, dark
}

/// The colors of an object.
struct SceneTones {
    private let colors: [SIMD3<Double>]

    /// Draws the hues for a given brightness.
    ///
    /// - Parameters:
    ///   - luma: the brightness of the main color, from 0 to 1.
    ///   - random: the source of the hues.
    init(luma: Double, random: inout SeededGenerator) {
        let main = color(luma: luma, saturation: random.next(0.35...0.95), random: &random)
        let other = luma < 0.5 ? luma + 0.16 : luma - 0.16
        let second = color(luma: other, saturation: random.next(0.35...0.95), random: &random)
        colors = [main, second, main + (SIMD3.one - main) * 0.72, main * 0.38]
    }

    private init(_ colors: [SIMD3<Double>]) {
        self.colors = colors
    }

    subscript(tone: SceneTone) -> SIMD3<Double> { colors[tone.rawValue] }

    /// Blends each color toward `ground` by the fraction `share`.
    func mixed(toward ground: SIMD3<Double>, by share: Double) -> SceneTones {
        SceneTones(colors.map { $0 + (ground - $0) * share })
    }
}

/// The brightness of a scene: background and objects lie on opposite sides of middle gray.
struct SceneLight {
    let ground: SIMD3<Double>
    private let lumaRange: ClosedRange<Double>

    /// Draws a light or dark background and its color.
    init(random: inout SeededGenerator) {
        let isLight = random.coin()
        let luma = random.next(isLight ? 0.74...0.92 : 0.08...0.24)
        ground = color(luma: luma, saturation: random.next(0...0.45), random: &random)
        lumaRange = isLight ? 0.2...0.46 : 0.5...0.8
    }

    /// Draws the colors of an object.
    func tones(random: inout SeededGenerator) -> SceneTones {
        SceneTones(luma: random.next(lumaRange), random: &random)
    }
}

/// A color of a given brightness and random hue.
///
/// - Parameters:
///   - luma: the brightness with Rec. 709 weights, without gamma, from 0 to 1.
///   - saturation: from 0, gray, to 1, the maximum at this brightness.
///   - random: the source of the hue.
/// - Returns: red, green and blue from 0 to 1.
private func color(
    luma: Double, saturation: Double, random: inout SeededGenerator
) -> SIMD3<Double> {
    let hue = random.next(0...6)
    func level(_ peak: Double) -> Double {
        let distance = abs(hue - peak)
        return max(0, min(1, 2 - min(distance, 6 - distance)))
    }
    let pure: SIMD3<Double> = [level(0), level(2), level(4)]
    let chroma = pure - (0.2126 * pure.x + 0.7152 * pure.y + 0.0722 * pure.z)
    // The largest change of each sample that keeps it within 0...1.
    let room = (0..<3).map { axis in
        chroma[axis] > 0
            ? (1 - luma) / chroma[axis] : chroma[axis] < 0 ? -luma / chroma[axis] : 1
    }
    return luma + chroma * (saturation * (room.min() ?? 0))
}
