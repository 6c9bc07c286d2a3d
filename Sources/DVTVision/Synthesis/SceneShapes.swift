/// A part of an object.
struct ScenePart {
    let outline: Outline
    let tone: SceneTone
}

/// The classes of objects.
///
/// Objects fill the square from (-1, -1) to (1, 1), y downwards. Only the shape depends on the
/// class: colors have the same distribution for all.
enum SceneShape: String, CaseIterable {
    // Alphabetical, like the numbering of class folders.
    case ball, car, cross, cube, cup, fish, house, key, star, tree

    /// The parts, from back to front.
    var parts: [ScenePart] {
        switch self {
        case .ball: Self.ballParts
        case .car: Self.carParts
        case .cross: Self.crossParts
        case .cube: Self.cubeParts
        case .cup: Self.cupParts
        case .fish: Self.fishParts
        case .house: Self.houseParts
        case .key: Self.keyParts
        case .star: Self.starParts
        case .tree: Self.treeParts
        }
    }

    private static let ballParts = [
        ScenePart(outline: disc(0, 0, 0.92), tone: .main),
        ScenePart(outline: Outline(center: [0, 0], radii: [0.6, 0.92]), tone: .light),
        ScenePart(outline: Outline(center: [0, 0], radii: [0.22, 0.92]), tone: .second),
    ]

    private static let carParts =
        [
            ScenePart(
                outline: Outline([
                    [-0.96, 0.46], [-0.98, 0.06], [-0.66, -0.06], [-0.4, -0.52], [0.32, -0.52],
                    [0.62, -0.06], [0.94, 0.06], [0.98, 0.46],
                ]), tone: .main),
            ScenePart(
                outline: Outline([[-0.48, -0.06], [-0.3, -0.4], [-0.08, -0.4], [-0.08, -0.06]]),
                tone: .light),
            ScenePart(
                outline: Outline([[0.04, -0.06], [0.04, -0.4], [0.24, -0.4], [0.44, -0.06]]),
                tone: .light),
        ]
        + [-0.52, 0.54].flatMap { x in
            [
                ScenePart(outline: disc(x, 0.46, 0.27), tone: .dark),
                ScenePart(outline: disc(x, 0.46, 0.11), tone: .light),
            ]
        }

    private static let crossParts = [
        ScenePart(outline: plus(arm: 0.94, half: 0.34), tone: .main),
        ScenePart(outline: plus(arm: 0.76, half: 0.16), tone: .light),
    ]

    private static let cubeParts = [
        ScenePart(
            outline: Outline([[0, -0.96], [0.84, -0.5], [0, -0.04], [-0.84, -0.5]]),
            tone: .light),
        ScenePart(
            outline: Outline([[-0.84, -0.5], [0, -0.04], [0, 0.96], [-0.84, 0.5]]), tone: .main),
        ScenePart(
            outline: Outline([[0.84, -0.5], [0, -0.04], [0, 0.96], [0.84, 0.5]]), tone: .dark),
    ]

    private static let cupParts = [
        ScenePart(
            outline: Outline(center: [0.46, -0.02], radii: [0.46, 0.46])
                .without(Outline(center: [0.46, -0.02], radii: [0.27, 0.27])), tone: .main),
        ScenePart(
            outline: Outline([
                [-0.86, -0.62], [0.46, -0.62], [0.34, 0.66], [0.16, 0.84], [-0.56, 0.84],
                [-0.74, 0.66],
            ]), tone: .main),
        ScenePart(outline: Outline(center: [-0.2, -0.62], radii: [0.66, 0.2]), tone: .light),
        ScenePart(outline: Outline(center: [-0.2, -0.6], radii: [0.5, 0.12]), tone: .dark),
    ]

    private static let fishParts = [
        ScenePart(
            outline: Outline([[0.4, 0], [0.98, -0.5], [0.84, 0], [0.98, 0.5]]), tone: .second),
        ScenePart(
            outline: Outline([[-0.36, -0.3], [0.02, -0.74], [0.34, -0.7], [0.3, -0.2]]),
            tone: .second),
        ScenePart(
            outline: Outline([[-0.2, 0.3], [0.06, 0.66], [0.26, 0.6], [0.22, 0.2]]),
            tone: .second),
        ScenePart(outline: Outline(center: [-0.2, 0], radii: [0.76, 0.46]), tone: .main),
        ScenePart(outline: disc(-0.6, -0.1, 0.14), tone: .light),
        ScenePart(outline: disc(-0.62, -0.1, 0.07), tone: .dark),
    ]

    private static let houseParts = [
        ScenePart(outline: Outline(x: 0.36...0.58, y: -0.86 ... -0.3), tone: .dark),
        ScenePart(outline: Outline(x: -0.7...0.7, y: -0.16...0.88), tone: .main),
        ScenePart(
            outline: Outline([[-0.96, -0.12], [0, -0.94], [0.96, -0.12]]), tone: .second),
        ScenePart(outline: Outline(x: -0.46 ... -0.08, y: 0.26...0.88), tone: .dark),
        ScenePart(outline: Outline(x: 0.14...0.5, y: 0.14...0.5), tone: .light),
    ]

    private static let keyParts = [
        ScenePart(outline: disc(-0.5, 0, 0.48).without(disc(-0.5, 0, 0.22)), tone: .main),
        ScenePart(
            outline: Outline([
                [-0.06, -0.13], [0.98, -0.13], [0.98, 0.44], [0.78, 0.44], [0.78, 0.13],
                [0.62, 0.13], [0.62, 0.36], [0.42, 0.36], [0.42, 0.13], [-0.06, 0.13],
            ]), tone: .main),
    ]

    private static let starParts: [ScenePart] = {
        // The corners of a regular pentagon; the inner ones are those of the pentagram's center.
        let corners: [SIMD2<Double>] = [
            [0, -1], [0.951_057, -0.309_017], [0.587_785, 0.809_017], [-0.587_785, 0.809_017],
            [-0.951_057, -0.309_017],
        ]
        func tips(_ outer: Double, _ inner: Double) -> Outline {
            Outline(
                corners.indices.flatMap { [corners[$0] * outer, corners[($0 + 3) % 5] * -inner] })
        }
        return [
            ScenePart(outline: tips(1, 0.42), tone: .main),
            ScenePart(outline: tips(0.56, 0.235), tone: .light),
        ]
    }()

    private static let treeParts = [
        ScenePart(outline: Outline(x: -0.16...0.16, y: 0.5...0.98), tone: .dark),
        ScenePart(outline: Outline([[0, -0.3], [0.78, 0.62], [-0.78, 0.62]]), tone: .main),
        ScenePart(outline: Outline([[0, -0.66], [0.62, 0.16], [-0.62, 0.16]]), tone: .second),
        ScenePart(outline: Outline([[0, -0.98], [0.44, -0.3], [-0.44, -0.3]]), tone: .main),
    ]

    private static func disc(_ x: Double, _ y: Double, _ radius: Double) -> Outline {
        Outline(center: [x, y], radii: [radius, radius])
    }

    private static func plus(arm: Double, half: Double) -> Outline {
        Outline([
            [-half, -arm], [half, -arm], [half, -half], [arm, -half], [arm, half], [half, half],
            [half, arm], [-half, arm], [-half, half], [-arm, half], [-arm, -half], [-half, -half],
        ])
    }
}
