/// How images, batches and labels are changed at random while a model is trained.
///
/// A plain value: the same configuration, seed, epoch and image give the same numbers.
public struct AugmentationConfiguration: Hashable, Sendable {
    /// How an image becomes a square of the model's size.
    public var crop: TrainingCrop
    /// How often an image is mirrored left to right, from 0 to 1.
    public var flipProbability: Double
    /// Operations on the image's colors and geometry, or nil for none.
    public var randAugment: RandAugment?
    /// A rectangle replaced by noise, or nil for none.
    public var erasing: RandomErasing?
    /// Images of a batch mixed in pairs, or nil for none.
    public var mixing: BatchMixing?
    /// The part s of a label that all C classes share: s / C each, and 1 - s + s / C for the
    /// image's own; at least 0, below 1.
    public var labelSmoothing: Double

    /// Creates a configuration.
    ///
    /// - Parameters:
    ///   - crop: how an image becomes a square.
    ///   - flipProbability: how often it is mirrored.
    ///   - randAugment: operations on colors and geometry.
    ///   - erasing: a rectangle replaced by noise.
    ///   - mixing: images mixed in pairs.
    ///   - labelSmoothing: the part of a label that all classes share.
    public init(
        crop: TrainingCrop = .center, flipProbability: Double = 0,
        randAugment: RandAugment? = nil, erasing: RandomErasing? = nil,
        mixing: BatchMixing? = nil, labelSmoothing: Double = 0
    ) {
        self.crop = crop
        self.flipProbability = flipProbability
        self.randAugment = randAugment
        self.erasing = erasing
        self.mixing = mixing
        self.labelSmoothing = labelSmoothing
    }

    /// Nothing at random: images as in evaluation, labels as they are.
    public static let none = Self()

    /// What small images such as CIFAR's are usually trained with: a crop after 4 black pixels
    /// are added on each side, and mirroring.
    public static let light = Self(crop: .padded(4), flipProbability: 0.5)

    /// What the authors train with, as DeiT does: timm's `rand-m9-mstd0.5-inc1`, random erasing,
    /// mixup 0.8, cutmix 1.0 and label smoothing 0.1, on crops of 8 % to all of an image.
    ///
    /// At 32 pixels DeiT's code takes ``TrainingCrop/padded(_:)`` of 4 instead of those crops.
    public static let standard = Self(
        crop: .resized(), flipProbability: 0.5, randAugment: RandAugment(),
        erasing: RandomErasing(), mixing: BatchMixing(), labelSmoothing: 0.1)
}

/// How an image becomes a square of the model's size S for training.
public enum TrainingCrop: Hashable, Sendable {
    /// As in evaluation: resized, then cut from the center.
    case center
    /// The shorter side is resized to S and the square in the center cut out; black pixels are
    /// added on each side, as many as the value says; a square of S is cut out at random.
    case padded(Int)
    /// A rectangle of a random area, as a part of the image's, and of a random width / height,
    /// even in its logarithm, is resized to S by S.
    ///
    /// If none of ten fits, the largest in the center whose width / height is allowed.
    case resized(
        area: ClosedRange<Double> = 0.08...1, aspectRatio: ClosedRange<Double> = 3.0 / 4...4.0 / 3)
}
