/// The ways of preprocessing that have a name.
public enum PreprocessingPreset: String, CaseIterable, Sendable {
    /// The authors' preprocessing, for images as people see them: EXIF orientation is applied.
    case `default`
    /// What the authors of Dynamic Vision Transformers evaluate with, as DeiT does.
    case authors
    /// What timm evaluates most of its vision transformers with: a crop of 0.9.
    case timm

    /// The preprocessing of that name.
    ///
    /// - Parameter imageSize: the side of the model's input, at least 1.
    /// - Returns: the preprocessing.
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
    /// The shorter side is resized to 256/224 of the input, bicubically; ImageNet's mean and
    /// standard deviation.
    ///
    /// - Parameter imageSize: the side of the model's input, at least 1.
    /// - Returns: the preprocessing.
    public static func `default`(imageSize: Int = 224) -> Preprocessing {
        Preprocessing(
            shorterSide: authorsShorterSide(imageSize), imageSize: imageSize,
            applyingOrientation: true)
    }

    /// The authors' preprocessing, which leaves EXIF orientation aside.
    ///
    /// - Parameter imageSize: the side of the model's input, at least 1.
    /// - Returns: the preprocessing.
    public static func authors(imageSize: Int = 224) -> Preprocessing {
        Preprocessing(
            shorterSide: authorsShorterSide(imageSize), imageSize: imageSize,
            applyingOrientation: false)
    }

    /// timm's preprocessing with a crop of 0.9, which leaves EXIF orientation aside.
    ///
    /// The shorter side is resized to `imageSize / 0.9`, rounded down, bicubically; ImageNet's
    /// mean and standard deviation.
    ///
    /// - Parameter imageSize: the side of the model's input, at least 1.
    /// - Returns: the preprocessing.
    public static func timm(imageSize: Int = 224) -> Preprocessing {
        Preprocessing(
            shorterSide: Int(Double(imageSize) / 0.9), imageSize: imageSize,
            applyingOrientation: false)
    }

    /// DeiT's `int((256 / 224) * input_size)`, in double as Python computes it.
    private static func authorsShorterSide(_ imageSize: Int) -> Int {
        Int(256.0 / 224.0 * Double(imageSize))
    }
}
