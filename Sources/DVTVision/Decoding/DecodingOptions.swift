import DVTSupport

/// How an image file becomes pixels.
public struct DecodingOptions: Sendable, Equatable {
    /// Whether the EXIF orientation is applied.
    public var applyingOrientation: Bool
    /// What happens to a file that ends before its image does.
    public var truncation: TruncationRule
    /// How plain gray of 16 bits becomes gray of 8 bits.
    public var gray16: Gray16Conversion

    /// Creates options.
    ///
    /// - Parameters:
    ///   - applyingOrientation: whether to apply the EXIF orientation.
    ///   - truncation: what happens to a file that ends before its image does.
    ///   - gray16: how plain gray of 16 bits becomes gray of 8 bits.
    public init(
        applyingOrientation: Bool = true, truncation: TruncationRule = .refuse,
        gray16: Gray16Conversion = .highByte
    ) {
        self.applyingOrientation = applyingOrientation
        self.truncation = truncation
        self.gray16 = gray16
    }
}

/// How a value `v` of plain gray (without color or alpha channel) of 16 bits becomes one of 8 bits.
public enum Gray16Conversion: String, CaseIterable, Sendable {
    /// `v / 256`, rounded down: as Pillow treats all other samples of 16 bits.
    case highByte = "high-byte"
    /// `255 * v / 65535`, rounded to nearest: the closest in 8 bits to `v / 65535`, as torchvision
    /// scales integers to floating point.
    case rounded
    /// `min(v, 255)`: as Pillow's `convert("RGB")`, and so torchvision's `ImageFolder`; it suits
    /// files that hold small numbers rather than images.
    case clipped
}

/// What happens to a file that ends before its image does.
public enum TruncationRule: String, CaseIterable, Sendable {
    /// It is an error.
    case refuse
    /// What there is of the image is used, as most viewers do; see ``IncompleteImage``.
    case use
}

/// A decoded image.
public struct DecodedImage: Sendable, Equatable {
    /// The pixels.
    public let image: RGBImage
    /// What the file lacks, or nil for a complete one; nil always with ``TruncationRule/refuse``.
    public let incomplete: IncompleteImage?
}

/// A file that ends before its image does, and was used nevertheless.
public struct IncompleteImage: Sendable, Equatable {
    /// What a file lacks.
    public enum Missing: Sendable {
        /// Only the mark of the image's end.
        case endMarker
        /// Perhaps a part of every pixel, as some progressive coding does.
        case detail
        /// Pixels, in place of which there is one color.
        case pixels
    }

    /// The file.
    public let path: String
    /// What it lacks.
    public let missing: Missing
}

extension IncompleteImage: CustomStringConvertible {
    /// One line with the file and what it lacks.
    public var description: String {
        let lack =
            switch missing {
            case .endMarker: "ends without its end marker; all of its pixels are used"
            case .detail: "ends early; its image may lack detail, and is used as it is"
            case .pixels: "ends early; one color takes the place of the missing pixels"
            }
        return "\(printable(path)): \(lack)"
    }
}
