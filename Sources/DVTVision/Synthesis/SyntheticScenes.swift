import DVTSupport

/// Labeled images of ten classes drawn from a seed, from one large object on a plain background to
/// a small, partly occluded one among pieces of others, in noise.
///
/// Image `index` has class `index mod 10`, so consecutive images are balanced. It depends only on
/// `seed`, `difficulty` and `index`: a larger set begins with the smaller one, and another
/// `size` shows the same scene. Only integers and IEEE additions, multiplications, divisions and
/// square roots in a fixed order are used, so every machine draws the same pixels.
///
/// - SeeAlso: ``SyntheticImage``
public struct SyntheticScenes: Sendable {
    /// The version of the drawing algorithm; it changes whenever a seed yields other pixels.
    package static let version = 1

    /// The names of the ten classes, in alphabetical order.
    package static let labels = ClassLabels(SceneShape.allCases.map(\.rawValue))
    /// The supported image sizes.
    package static let sizes = 16...512

    /// The seed of the set.
    package let seed: UInt64
    /// The number of pixels per side.
    package let size: Int
    /// The range from which each image's difficulty is drawn uniformly, within 0...1.
    package let difficulty: ClosedRange<Double>

    /// Creates a set without drawing it.
    ///
    /// - Parameters:
    ///   - seed: the seed of the set.
    ///   - size: the number of pixels per side, 16 to 512.
    ///   - difficulty: the range of difficulties, within 0...1.
    public init(seed: UInt64, size: Int = 32, difficulty: ClosedRange<Double> = 0...1) {
        precondition(Self.sizes.contains(size), "images have \(Self.sizes) pixels, not \(size)")
        precondition(
            difficulty.lowerBound >= 0 && difficulty.upperBound <= 1,
            "difficulties lie within 0...1, not \(difficulty)")
        self.seed = seed
        self.size = size
        self.difficulty = difficulty
    }

    /// The class of an image.
    ///
    /// - Parameter index: the index of the image, from 0.
    /// - Returns: the class, an index into ``labels``.
    package func label(_ index: Int) -> Int {
        index % SceneShape.allCases.count
    }

    /// The difficulty of an image.
    ///
    /// - Parameter index: the index of the image, from 0.
    /// - Returns: a multiple of 0.001, so three decimals represent it exactly.
    package func difficulty(_ index: Int) -> Double {
        var random = SeededGenerator(seed: seed, scene: index, purpose: "difficulty")
        return (random.next(difficulty) * 1000 + 0.5).rounded(.down) / 1000
    }

    /// Draws an image.
    ///
    /// - Parameter index: the index of the image, from 0.
    /// - Returns: the image with its class and difficulty.
    public func image(_ index: Int) -> SyntheticImage {
        SyntheticImage(
            image: scene(index).painted(size: size), label: label(index),
            difficulty: difficulty(index))
    }

    /// The layout of an image.
    func scene(_ index: Int) -> Scene {
        Scene(
            seed: seed, index: index, shape: SceneShape.allCases[label(index)],
            difficulty: difficulty(index))
    }
}

/// A drawn image with its class and difficulty.
public struct SyntheticImage: Sendable, Equatable {
    /// The rendered image.
    public let image: RGBImage
    /// The class, an index into ``SyntheticScenes/labels``.
    package let label: Int
    /// The difficulty, from 0 to 1.
    package let difficulty: Double
}
