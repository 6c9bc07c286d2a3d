import DVTVision
import Testing

@testable import DVTTraining

/// Compares image operations with Pillow 11.3.
@Suite struct ImageOperationTests {
    private static let fill: SIMD3<UInt8> = [124, 116, 104]

    /// Every pixel of every result of generate.py.
    @Test func everyOperationEqualsPillow() throws {
        let images = try Fixtures.strip("image.png")
        let results = try Fixtures.strip("operations.png")
        let lines = try Fixtures.lines("operations.txt")
        #expect(lines.count >= 100 && lines.count == results.count)
        for (line, expected) in zip(lines, results) {
            let argument = try #require(Double(line[1]))
            let image = images[try #require(Int(line[2]))]
            let actual = try #require(Self.result(line[0], argument, image), "\(line)")
            #expect(actual == expected, "\(line)")
        }
    }

    private static func result(_ name: String, _ argument: Double, _ image: RGBImage)
        -> RGBImage?
    {
        if name == "mirror" { return image.mirrored() }
        if name == "resizedCrop" {
            let side = Int(argument)
            let (left, top) = (side / 4, side / 8)
            return image.cropped(columns: left..<left + side, rows: top..<top + side - 3)
                .resized(width: image.width, height: image.height, filter: .bicubic)
        }
        return operation(name, argument)?.applied(to: image, fill: fill)
    }

    private static func operation(_ name: String, _ argument: Double) -> ImageOperation? {
        switch name {
        case "autoContrast": .autoContrast
        case "equalize": .equalize
        case "invert": .invert
        case "rotate": .rotate(degrees: argument)
        case "posterize": .posterize(bits: Int(argument))
        case "solarize": .solarize(threshold: Int(argument))
        case "solarizeAdd": .solarizeAdd(Int(argument))
        case "color": .color(argument)
        case "contrast": .contrast(argument)
        case "brightness": .brightness(argument)
        case "sharpness": .sharpness(argument)
        case "shearX": .shearX(argument)
        case "shearY": .shearY(argument)
        case "translateX": .translateX(argument)
        case "translateY": .translateY(argument)
        default: nil
        }
    }

    /// An image of one level has no contrast to stretch; one of a single pixel has no neighbors.
    @Test func onePixelStaysOnePixel() {
        let pixel = RGBImage(width: 1, height: 1, pixels: [10, 200, 30])
        for kind in ImageOperation.Kind.allCases {
            let result = ImageOperation(kind, level: 0.9, isNegative: true)
                .applied(to: pixel, fill: Self.fill)
            #expect(result.width == 1 && result.height == 1)
        }
        #expect(ImageOperation.autoContrast.applied(to: pixel, fill: Self.fill) == pixel)
        #expect(ImageOperation.equalize.applied(to: pixel, fill: Self.fill) == pixel)
        #expect(ImageOperation.sharpness(1.9).applied(to: pixel, fill: Self.fill) == pixel)
    }

    /// timm's increasing strengths at a magnitude of 9, computed by hand.
    @Test func strengthsAreThoseOfTimm() {
        func at(_ kind: ImageOperation.Kind, _ isNegative: Bool = false) -> ImageOperation {
            ImageOperation(kind, level: 0.9, isNegative: isNegative)
        }
        #expect(at(.rotate) == .rotate(degrees: 27) && at(.rotate, true) == .rotate(degrees: -27))
        #expect(at(.posterize) == .posterize(bits: 1))
        #expect(at(.solarize) == .solarize(threshold: 26))
        #expect(at(.solarizeAdd) == .solarizeAdd(99))
        #expect(at(.color) == .color(1 + 0.9 * 0.9))
        #expect(at(.sharpness, true) == .sharpness(1 - 0.9 * 0.9))
        #expect(at(.shearX, true) == .shearX(-0.3 * 0.9))
        #expect(at(.translateY) == .translateY(0.9 * 0.45))
        #expect(ImageOperation(.contrast, level: 1, isNegative: true) == .contrast(0.1))
        #expect(ImageOperation(.posterize, level: 0, isNegative: true) == .posterize(bits: 4))
        #expect(
            ImageOperation(.solarize, level: 0, isNegative: true) == .solarize(threshold: 256))
    }
}
