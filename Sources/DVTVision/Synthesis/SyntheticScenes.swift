import DVTCore
import DVTSupport

/// Labeled images that depend on a seed alone: drawn scenes in ten classes, from one large thing
/// on a plain ground to a small one that is partly hidden, among pieces of others, in noise.
///
/// Image `index` is of class `index mod 10`, so that any run of them is balanced, and depends on
/// ``seed``, ``difficulty`` and `index` alone: a larger set begins with the smaller one. At another
/// ``size`` it shows the same scene. Only integers and IEEE additions, multiplications, divisions
/// and square roots in a fixed order are used, so every machine gives the same pixels.
///
/// - SeeAlso: ``SyntheticImage``
public struct SyntheticScenes: Sendable {
    /// Changes whenever the same seed would give other pixels.
    package static let version = 1

    /// The names of the ten classes, in the order of the alphabet.
    public static let labels = ClassLabels(SceneShape.allCases.map(\.rawValue))
    /// The sizes that are drawn.
    public static let sizes = 16...512

    /// The seed.
    public let seed: UInt64
    /// The pixels a side.
    public let size: Int
    /// How hard the images are, from 0 to 1; each draws its own between the two, uniformly.
    public let difficulty: ClosedRange<Double>

    /// Creates the images of a seed; nothing is drawn yet.
    ///
    /// - Parameters:
    ///   - seed: the seed.
    ///   - size: the pixels a side, one of ``sizes``.
    ///   - difficulty: how hard the images are, within 0...1.
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
    /// - Parameter index: the image, from 0.
    /// - Returns: the class, an index of ``labels``.
    public func label(_ index: Int) -> Int {
        index % SceneShape.allCases.count
    }

    /// How hard an image is.
    ///
    /// - Parameter index: the image, from 0.
    /// - Returns: a multiple of 0.001, so that three decimals tell it exactly.
    public func difficulty(_ index: Int) -> Double {
        var random = SeededGenerator(seed: seed, scene: index, purpose: "difficulty")
        return (random.next(difficulty) * 1000 + 0.5).rounded(.down) / 1000
    }

    /// Draws an image.
    ///
    /// - Parameter index: the image, from 0.
    /// - Returns: the image, its class and how hard it is.
    public func image(_ index: Int) -> SyntheticImage {
        SyntheticImage(
            image: scene(index).painted(size: size), label: label(index),
            difficulty: difficulty(index))
    }

    /// An image before it is painted.
    func scene(_ index: Int) -> Scene {
        Scene(
            seed: seed, index: index, shape: SceneShape.allCases[label(index)],
            difficulty: difficulty(index))
    }
}

/// A drawn image with its class.
public struct SyntheticImage: Sendable, Equatable {
    /// The image.
    public let image: RGBImage
    /// Its class, an index of ``SyntheticScenes/labels``.
    public let label: Int
    /// How hard it is, from 0 to 1.
    public let difficulty: Double
}
