/// A named preprocessing configuration.
public enum PreprocessingPreset: String, CaseIterable, Sendable {
    /// The authors' preprocessing, with EXIF orientation applied.
    case `default`
    /// The evaluation preprocessing of the authors of Dynamic Vision Transformers and of DeiT.
    case authors
    /// timm's evaluation preprocessing for most vision transformers, with a crop fraction of 0.9.
    case timm

    /// Returns the preprocessing for an input size.
    ///
    /// - Parameter imageSize: the side of the model's input, at least 1.
    /// - Returns: the configuration.
    public func preprocessing(imageSize: Int = 224) -> Preprocessing {
        switch self {
        case .default: .default(imageSize: imageSize)
        case .authors: .authors(imageSize: imageSize)
        case .timm: .timm(imageSize: imageSize)
        }
    }
}

extension Preprocessing {
    /// The authors' preprocessing for 224 pixels, with EXIF orientation applied.
    public static let `default` = Preprocessing.default()
    /// The authors' preprocessing for 224 pixels.
    public static let authors = Preprocessing.authors()
    /// timm's preprocessing for 224 pixels.
    public static let timm = Preprocessing.timm()

    /// The authors' preprocessing, with EXIF orientation applied.
    ///
    /// The shorter side is resized bicubically to 256/224 of the input size; mean and standard
    /// deviation are ImageNet's.
    ///
    /// - Parameter imageSize: the side of the model's input, at least 1.
    /// - Returns: the configuration.
    public static func `default`(imageSize: Int = 224) -> Preprocessing {
        Preprocessing(
            shorterSide: authorsShorterSide(imageSize), imageSize: imageSize,
            applyingOrientation: true)
    }

    /// The authors' preprocessing, which ignores EXIF orientation.
    ///
    /// - Parameter imageSize: the side of the model's input, at least 1.
    /// - Returns: the configuration.
    public static func authors(imageSize: Int = 224) -> Preprocessing {
        Preprocessing(
            shorterSide: authorsShorterSide(imageSize), imageSize: imageSize,
            applyingOrientation: false)
    }

    /// timm's preprocessing with a crop fraction of 0.9, which ignores EXIF orientation.
    ///
    /// The shorter side is resized bicubically to `imageSize / 0.9`, rounded down; mean and
    /// standard deviation are ImageNet's.
    ///
    /// - Parameter imageSize: the side of the model's input, at least 1.
    /// - Returns: the configuration.
    public static func timm(imageSize: Int = 224) -> Preprocessing {
        Preprocessing(
            shorterSide: Int(Double(imageSize) / 0.9), imageSize: imageSize,
            applyingOrientation: false)
    }

    /// DeiT's `int((256 / 224) * input_size)`, in float64 like Python.
    private static func authorsShorterSide(_ imageSize: Int) -> Int {
        Int(256.0 / 224.0 * Double(imageSize))
    }
}
