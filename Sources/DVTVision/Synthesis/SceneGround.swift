import DVTSupport

/// Background shading: a brightness gradient and smooth patches.
struct SceneGround {
    private static let side = 6
    private let slope: SIMD2<Double>
    private let patches: [Double]

    init(seed: UInt64, index: Int) {
        var random = SeededGenerator(seed: seed, scene: index, purpose: "ground")
        slope = random.direction()
        patches = (0..<Self.side * Self.side).map { _ in random.next(-1...1) }
    }

    /// Adds the shading to a canvas, scaled by `strength` from 0 to 1.
    func shade(_ canvas: inout SceneCanvas, strength: Double) {
        let size = Double(canvas.size)
        canvas.forEachPixel { column, row, pixel in
            let place = (SIMD2(Double(column), Double(row)) + 0.5) / size
            let centered = place - 0.5
            let tilt = slope.x * centered.x + slope.y * centered.y
            pixel += strength * (0.16 * tilt + 0.1 * patch(at: place))
        }
    }

    /// Interpolates the patches smoothly.
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
