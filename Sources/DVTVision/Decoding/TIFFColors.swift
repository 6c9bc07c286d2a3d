#if MoreImageFormats
import CImageCodecs

/// Converts the samples of a TIFF file's pixels to RGB, as Pillow does.
struct TIFFColors {
    /// The numbers of the field PhotometricInterpretation.
    enum Photometric {
        static let whiteIsZero: UInt16 = 0
        static let blackIsZero: UInt16 = 1
        static let rgb: UInt16 = 2
        static let palette: UInt16 = 3
        static let separated: UInt16 = 5
    }

    private enum Kind {
        /// Gray, with the 8-bit values of all sample values.
        case gray([UInt8])
        case rgb
        /// RGB multiplied by the alpha that follows.
        case multipliedRGB
        /// 256 colors.
        case palette([UInt8])
        case inks
    }

    private static let unsignedIntegers: UInt16 = 1
    private static let unspecified: UInt16 = 4
    private static let oldJPEG: UInt16 = 6
    private static let associatedAlpha: UInt16 = 1

    /// The samples of a pixel that are used.
    let sampleCount: Int
    private var kind: Kind
    /// The bits by which samples that are not gray are shifted to 8 bits.
    private let shift: Int

    /// Whether the colors of a palette are still to be set, 2^bits of each channel.
    var needsPalette: Bool {
        if case .palette = kind { true } else { false }
    }

    /// Creates a conversion; nil if the layout is not supported.
    init?(_ layout: tiff_layout, gray16: Gray16Conversion) {
        let bits = Int(layout.bits_per_sample)
        guard [1, 2, 4, 8, 16].contains(bits),
            [Self.unsignedIntegers, Self.unspecified].contains(layout.sample_format),
            layout.compression != Self.oldJPEG
        else { return nil }
        let isWhole = bits >= 8
        let samples = Int(layout.samples_per_pixel)
        shift = max(0, bits - 8)
        switch layout.photometric {
        case Photometric.whiteIsZero, Photometric.blackIsZero:
            sampleCount = 1
            let levels = Self.levels(bits: bits, isPlain: samples == 1, gray16)
            let isInverted = layout.photometric == Photometric.whiteIsZero
            kind = .gray(isInverted ? levels.reversed() : levels)
        case Photometric.palette where bits <= 8:
            sampleCount = 1
            kind = .palette([])
        case Photometric.rgb where samples >= 3 && isWhole:
            let isMultiplied = samples >= 4 && layout.extra_sample == Self.associatedAlpha
            sampleCount = isMultiplied ? 4 : 3
            kind = isMultiplied ? .multipliedRGB : .rgb
        case Photometric.separated where samples >= 4 && isWhole:
            sampleCount = 4
            kind = .inks
        default: return nil
        }
    }

    /// Sets the colors: all reds, all greens, all blues.
    mutating func setPalette(_ palette: [UInt16]) {
        let count = palette.count / 3
        // Colors have 16 bits; Pillow keeps the high byte.
        kind = .palette(
            (0..<count).flatMap { index in
                (0..<3).map { UInt8(palette[$0 * count + index] >> 8) }
            })
    }

    /// The 8-bit grays of the values of a sample.
    private static func levels(
        bits: Int, isPlain: Bool, _ gray16: Gray16Conversion
    ) -> [UInt8] {
        guard bits == 16 else {
            let most = 1 << bits - 1
            return (0...most).map { UInt8($0 * 255 / most) }
        }
        return (0...0xFFFF).map { value in
            switch isPlain ? gray16 : .highByte {
            case .highByte: UInt8(value >> 8)
            case .rounded: UInt8((2 * 255 * value + 0xFFFF) / (2 * 0xFFFF))
            case .clipped: UInt8(min(value, 255))
            }
        }
    }

    /// The color of a pixel.
    ///
    /// - Parameter samples: the first ``sampleCount`` samples.
    /// - Returns: red, green and blue.
    func color(_ samples: SIMD4<UInt16>) -> (UInt8, UInt8, UInt8) {
        switch kind {
        case .gray(let levels):
            let level = levels[Int(samples[0])]
            return (level, level, level)
        case .palette(let colors):
            let start = 3 * Int(samples[0])
            return (colors[start], colors[start + 1], colors[start + 2])
        case .rgb:
            return triple { level(samples[$0]) }
        case .multipliedRGB:
            let alpha = level(samples[3])
            return triple { alpha == 255 ? level(samples[$0]) : divided(samples[$0], alpha) }
        case .inks:
            // Pillow's conversion of CMYK.
            let paper = 255 - level(samples[3])
            return triple { channel in
                let product = level(samples[channel]) * paper + 128
                return max(0, paper - (product >> 8 + product) >> 8)
            }
        }
    }

    private func level(_ sample: UInt16) -> Int { Int(sample) >> shift }

    private func divided(_ sample: UInt16, _ alpha: Int) -> Int {
        alpha == 0 ? 0 : min(255, level(sample) * 255 / alpha)
    }

    private func triple(_ value: (Int) -> Int) -> (UInt8, UInt8, UInt8) {
        (UInt8(value(0)), UInt8(value(1)), UInt8(value(2)))
    }

    /// The reason for an error about a layout that is not supported.
    static func description(of layout: tiff_layout) -> String {
        """
        is a TIFF file with \(layout.samples_per_pixel) samples of \(layout.bits_per_sample) \
        bits (photometric interpretation \(layout.photometric), sample format \
        \(layout.sample_format), compression \(layout.compression))
        """
    }
}
#endif
