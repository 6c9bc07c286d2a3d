import DVTCore
import DVTSupport
import DVTVision

/// A few operations on colors and geometry, drawn for each image.
///
/// As timm's `rand-m9-mstd0.5-inc1`: each layer draws one of fifteen operations, passes over it or
/// not, and draws how strong it is. The operations are Pillow's AutoContrast, Equalize, Invert,
/// Rotate, Posterize, Solarize, SolarizeAdd, Color, Contrast, Brightness, Sharpness, ShearX,
/// ShearY, TranslateX and TranslateY; all but the first three grow stronger with the magnitude.
///
/// - SeeAlso: Cubuk et al., 2019, <https://arxiv.org/abs/1909.13719>; timm's `auto_augment.py`.
public struct RandAugment: Hashable, Sendable {
    /// The operations drawn for an image.
    public var layers: Int
    /// How strong they are, from 0 to 10.
    public var magnitude: Double
    /// The standard deviation of the magnitude, which is then kept within 0 and 10.
    public var magnitudeDeviation: Double
    /// How often a drawn operation is applied, from 0 to 1.
    public var probability: Double

    /// Creates a way of augmenting.
    ///
    /// - Parameters:
    ///   - layers: the operations drawn for an image.
    ///   - magnitude: how strong they are, from 0 to 10.
    ///   - magnitudeDeviation: the standard deviation of the magnitude.
    ///   - probability: how often a drawn operation is applied.
    public init(
        layers: Int = 2, magnitude: Double = 9, magnitudeDeviation: Double = 0.5,
        probability: Double = 0.5
    ) {
        self.layers = layers
        self.magnitude = magnitude
        self.magnitudeDeviation = magnitudeDeviation
        self.probability = probability
    }

    /// Draws the operations for an image.
    func operations(random: inout SeededGenerator) -> [ImageOperation] {
        (0..<layers).compactMap { _ in
            let kind = ImageOperation.Kind.allCases[
                random.next(below: ImageOperation.Kind.allCases.count)]
            let isApplied = random.unit() < probability
            let drawn = magnitude + magnitudeDeviation * random.normal()
            let isNegative = random.coin()
            guard isApplied else { return nil }
            return ImageOperation(
                kind, level: max(0, min(drawn, 10)) / 10, isNegative: isNegative)
        }
    }
}

/// One operation on an image, as strong as it was drawn.
enum ImageOperation: Equatable {
    case autoContrast, equalize, invert
    /// Counterclockwise.
    case rotate(degrees: Double)
    case posterize(bits: Int)
    case solarize(threshold: Int)
    case solarizeAdd(Int)
    case color(Double), contrast(Double), brightness(Double), sharpness(Double)
    /// By pixels for each pixel of the other axis.
    case shearX(Double), shearY(Double)
    /// By parts of the width or height.
    case translateX(Double), translateY(Double)

    /// An operation whose strength is not drawn yet.
    enum Kind: CaseIterable {
        case autoContrast, equalize, invert, rotate, posterize, solarize, solarizeAdd, color
        case contrast, brightness, sharpness, shearX, shearY, translateX, translateY
    }

    /// Creates an operation with timm's increasing strengths.
    ///
    /// - Parameters:
    ///   - kind: the operation.
    ///   - level: the magnitude, from 0 to 1.
    ///   - isNegative: whether it goes the other way, where it has two.
    init(_ kind: Kind, level: Double, isNegative: Bool) {
        func signed(_ value: Double) -> Double { isNegative ? -value : value }
        let factor = max(0.1, 1 + signed(level * 0.9))
        self =
            switch kind {
            case .autoContrast: .autoContrast
            case .equalize: .equalize
            case .invert: .invert
            case .rotate: .rotate(degrees: signed(level * 30))
            case .posterize: .posterize(bits: 4 - Int(level * 4))
            case .solarize: .solarize(threshold: 256 - Int(level * 256))
            case .solarizeAdd: .solarizeAdd(Int(level * 110))
            case .color: .color(factor)
            case .contrast: .contrast(factor)
            case .brightness: .brightness(factor)
            case .sharpness: .sharpness(factor)
            case .shearX: .shearX(signed(level * 0.3))
            case .shearY: .shearY(signed(level * 0.3))
            case .translateX: .translateX(signed(level * 0.45))
            case .translateY: .translateY(signed(level * 0.45))
            }
    }

    /// Changes an image.
    ///
    /// - Parameters:
    ///   - image: the image.
    ///   - fill: the color of what comes into sight.
    /// - Returns: the changed image, of the same size.
    func applied(to image: RGBImage, fill: SIMD3<UInt8>) -> RGBImage {
        func moved(_ transform: AffineTransform) -> RGBImage {
            transform.applied(to: image, fill: fill)
        }
        return switch self {
        case .autoContrast: image.autoContrasted()
        case .equalize: image.equalized()
        case .invert: image.mapped { 255 - $0 }
        case .rotate(let degrees):
            moved(.rotation(degrees: degrees, width: image.width, height: image.height))
        case .posterize(let bits): image.mapped { $0 & ~(1 << (8 - bits) - 1) }
        case .solarize(let threshold): image.mapped { $0 < threshold ? $0 : 255 - $0 }
        case .solarizeAdd(let amount): image.mapped { $0 < 128 ? min(255, $0 + amount) : $0 }
        case .color(let factor): image.withColor(factor)
        case .contrast(let factor): image.withContrast(factor)
        case .brightness(let factor): image.withBrightness(factor)
        case .sharpness(let factor): image.withSharpness(factor)
        case .shearX(let factor): moved(AffineTransform(x: [1, factor, 0], y: [0, 1, 0]))
        case .shearY(let factor): moved(AffineTransform(x: [1, 0, 0], y: [factor, 1, 0]))
        case .translateX(let part):
            moved(AffineTransform(x: [1, 0, part * Double(image.width)], y: [0, 1, 0]))
        case .translateY(let part):
            moved(AffineTransform(x: [1, 0, 0], y: [0, 1, part * Double(image.height)]))
        }
    }
}
