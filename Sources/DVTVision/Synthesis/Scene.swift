import DVTSupport

/// The layout of one image: an object, its background and its occluders.
///
/// Everything that makes the image hard grows with its difficulty. The random draws do not depend
/// on it, so a harder version shows the same scene.
struct Scene {
    private let seed: UInt64
    private let index: Int
    private let shape: SceneShape
    private let difficulty: Double
    private let light: SceneLight
    private let placement: ScenePlacement
    /// The object of the image's class.
    let object: SceneObject

    /// Draws the layout of an image.
    ///
    /// - Parameters:
    ///   - seed: the seed of the set.
    ///   - index: the index of the image.
    ///   - shape: the class of the object.
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
        // A rotated object extends slightly beyond its square.
        let reach = max(0, 0.5 - 1.15 * scale) * difficulty
        placement = ScenePlacement(
            center: [0.5 + random.next(-reach...reach), 0.5 + random.next(-reach...reach)],
            scale: scale, tilt: 0.06 + 0.24 * difficulty, random: &random)
        object = SceneObject(shape, placement, tones)
    }

    /// Renders the image with `size` pixels per side.
    func painted(size: Int) -> RGBImage {
        var canvas = SceneCanvas(size: size, color: light.ground)
        SceneGround(seed: seed, index: index).shade(&canvas, strength: difficulty)
        for piece in clutter { piece.paint(on: &canvas) }
        object.paint(on: &canvas)
        paintOccluders(on: &canvas)
        addNoise(to: &canvas)
        return canvas.image
    }

    /// Contrast decreases with difficulty.
    private static func faded(
        _ tones: SceneTones, _ light: SceneLight, _ difficulty: Double
    ) -> SceneTones {
        tones.mixed(toward: light.ground, by: 0.45 * difficulty)
    }

    /// Pieces of other objects behind the object.
    private var clutter: [SceneObject] {
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
            return SceneObject(pieceOf: other, side: normal, distance: distance, place, tones)
        }
    }

    /// Bars across the object: one from a difficulty of 1/4, two from 2/3.
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

    /// Adds independent uniform noise to each sample.
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
