import DVTCore
import DVTSupport

/// One image before it is painted: a thing, what lies around it and what hides a part of it.
///
/// All that makes it hard grows with its difficulty; what is drawn at random does not depend on it,
/// so that an image becomes harder and stays the same image.
struct Scene {
    private let seed: UInt64
    private let index: Int
    private let shape: SceneShape
    private let difficulty: Double
    private let light: SceneLight
    private let placement: ScenePlacement
    /// The thing that the image is of.
    let object: SceneThing

    /// Lays out an image.
    ///
    /// - Parameters:
    ///   - seed: the seed of the set.
    ///   - index: the image.
    ///   - shape: what it is of.
    ///   - difficulty: from 0 to 1.
    init(seed: UInt64, index: Int, shape: SceneShape, difficulty: Double) {
        self.seed = seed
        self.index = index
        self.shape = shape
        self.difficulty = difficulty
        var random = SeededGenerator(seed: seed, scene: index, purpose: "light")
        light = SceneLight(random: &random)
        let tones = Self.faded(light.tones(random: &random), light, difficulty)
        random = SeededGenerator(seed: seed, scene: index, purpose: "object")
        let scale = (0.44 - 0.21 * difficulty) * random.next(0.92...1.06)
        // Turned, its corners reach a little beyond its side.
        let reach = max(0, 0.5 - 1.15 * scale) * difficulty
        placement = ScenePlacement(
            center: [0.5 + random.next(-reach...reach), 0.5 + random.next(-reach...reach)],
            scale: scale, tilt: 0.06 + 0.24 * difficulty, random: &random)
        object = SceneThing(shape, placement, tones)
    }

    /// Paints the image.
    ///
    /// - Parameter size: its pixels a side.
    /// - Returns: the image.
    func painted(size: Int) -> RGBImage {
        var canvas = SceneCanvas(size: size, color: light.ground)
        SceneGround(seed: seed, index: index).shade(&canvas, strength: difficulty)
        for piece in clutter { piece.paint(on: &canvas) }
        object.paint(on: &canvas)
        paintOccluders(on: &canvas)
        addNoise(to: &canvas)
        return canvas.image
    }

    /// The less contrast, the harder.
    private static func faded(
        _ tones: SceneTones, _ light: SceneLight, _ difficulty: Double
    ) -> SceneTones {
        tones.mixed(toward: light.ground, by: 0.45 * difficulty)
    }

    /// Pieces of other things behind the object.
    private var clutter: [SceneThing] {
        var random = SeededGenerator(seed: seed, scene: index, purpose: "clutter")
        let others = SceneShape.allCases.filter { $0 != shape }
        let amount = random.next(7...12) * difficulty * difficulty
        return (0..<Int(amount)).map { _ in
            let tones = Self.faded(light.tones(random: &random), light, difficulty)
            let other = others[random.next(below: others.count)]
            let (normal, distance) = (random.direction(), random.next(0...0.3))
            let center: SIMD2<Double> = [random.unit(), random.unit()]
            let place = ScenePlacement(
                center: center, scale: random.next(0.12...0.22), tilt: 0.8, random: &random)
            return SceneThing(pieceOf: other, side: normal, distance: distance, place, tones)
        }
    }

    /// Bars across the object, from a difficulty of 1/4 on one and from 2/3 on two.
    private func paintOccluders(on canvas: inout SceneCanvas) {
        var random = SeededGenerator(seed: seed, scene: index, purpose: "occluders")
        let count = difficulty < 0.25 ? 0 : difficulty < 2.0 / 3 ? 1 : 2
        for _ in 0..<count {
            let tones = Self.faded(light.tones(random: &random), light, difficulty)
            let along = random.direction()
            let offset = random.next(0.25...0.75) * placement.scale
            let side = random.coin() ? offset : -offset
            let middle = placement.center + SIMD2(-along.y, along.x) * side
            let half = along * (placement.scale * random.next(0.8...1.4))
            canvas.fill(
                Outline(
                    from: middle - half, to: middle + half,
                    width: placement.scale * (0.1 + 0.16 * difficulty)), tones[.main])
        }
    }

    /// Uniform noise, each sample on its own.
    private func addNoise(to canvas: inout SceneCanvas) {
        var random = SeededGenerator(seed: seed, scene: index, purpose: "noise")
        let strength = 0.1 * difficulty
        guard strength > 0 else { return }
        canvas.forEachPixel { _, _, pixel in
            let bits = random.bits()
            let draws: SIMD3<Double> = [
                Double(bits & 0xFFFF), Double(bits >> 16 & 0xFFFF), Double(bits >> 32 & 0xFFFF),
            ]
            pixel += (draws * 0x1p-15 - 1) * strength
        }
    }
}

/// The unevenness of a ground: brighter to one side, and in soft patches.
struct SceneGround {
    private static let side = 6
    private let slope: SIMD2<Double>
    private let patches: [Double]

    init(seed: UInt64, index: Int) {
        var random = SeededGenerator(seed: seed, scene: index, purpose: "ground")
        slope = random.direction()
        patches = (0..<Self.side * Self.side).map { _ in random.next(-1...1) }
    }

    /// Brightens and darkens a canvas.
    ///
    /// - Parameters:
    ///   - canvas: the canvas.
    ///   - strength: from 0, not at all, to 1.
    func shade(_ canvas: inout SceneCanvas, strength: Double) {
        let size = Double(canvas.size)
        canvas.forEachPixel { column, row, pixel in
            let place = (SIMD2(Double(column), Double(row)) + 0.5) / size
            let centered = place - 0.5
            let tilt = slope.x * centered.x + slope.y * centered.y
            pixel += strength * (0.16 * tilt + 0.1 * patch(at: place))
        }
    }

    /// The patches, blended smoothly.
    private func patch(at place: SIMD2<Double>) -> Double {
        let scaled = place * Double(Self.side - 1)
        let (x, y) = (Int(scaled.x), Int(scaled.y))
        let rest = scaled - SIMD2(Double(x), Double(y))
        let ease = rest * rest * (3 - 2 * rest)
        func value(_ dx: Int, _ dy: Int) -> Double {
            patches[(y + dy) * Self.side + x + dx]
        }
        let upper = value(0, 0) + (value(1, 0) - value(0, 0)) * ease.x
        let lower = value(0, 1) + (value(1, 1) - value(0, 1)) * ease.x
        return upper + (lower - upper) * ease.y
    }
}
