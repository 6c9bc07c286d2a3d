internal import DVTVision

/// One image operation with its strength.
enum ImageOperation: Equatable {
    case autoContrast, equalize, invert
    /// Rotation counterclockwise.
    case rotate(degrees: Double)
    case posterize(bits: Int)
    case solarize(threshold: Int)
    case solarizeAdd(Int)
    case color(Double), contrast(Double), brightness(Double), sharpness(Double)
    /// Shear in pixels per pixel of the other axis.
    case shearX(Double), shearY(Double)
    /// Translation as a fraction of the width or height.
    case translateX(Double), translateY(Double)

    /// An operation without its strength.
    enum Kind: CaseIterable {
        case autoContrast, equalize, invert, rotate, posterize, solarize, solarizeAdd, color
        case contrast, brightness, sharpness, shearX, shearY, translateX, translateY
    }

    /// Creates an operation with timm's increasing strength.
    ///
    /// - Parameters:
    ///   - kind: the kind of operation.
    ///   - level: the magnitude, from 0 to 1.
    ///   - isNegative: whether to negate a signed strength.
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

    /// Applies the operation; uncovered areas get the color `fill`.
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
