import DVTSupport

/// How an image file becomes pixels.
public struct DecodingOptions: Sendable, Equatable {
    /// Whether the EXIF orientation is applied.
    public var applyingOrientation: Bool
    /// What happens to a file that ends before its image does.
    public var truncation: TruncationRule

    /// Creates options.
    ///
    /// - Parameters:
    ///   - applyingOrientation: whether to apply the EXIF orientation.
    ///   - truncation: what happens to a file that ends before its image does.
    public init(applyingOrientation: Bool = true, truncation: TruncationRule = .refuse) {
        self.applyingOrientation = applyingOrientation
        self.truncation = truncation
    }
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
