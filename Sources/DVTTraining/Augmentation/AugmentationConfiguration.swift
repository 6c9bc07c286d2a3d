/// How pictures, batches and labels are changed at random while a model is trained.
///
/// A plain value: the same configuration, seed, epoch and picture give the same numbers.
public struct AugmentationConfiguration: Hashable, Sendable {
    /// How a picture becomes a square of the model's size.
    public var crop: TrainingCrop
    /// How often a picture is mirrored left to right, from 0 to 1.
    public var flipProbability: Double
    /// Operations on the picture's colours and geometry, or nil for none.
    public var randAugment: RandAugment?
    /// A rectangle replaced by noise, or nil for none.
    public var erasing: RandomErasing?
    /// Pictures of a batch mixed in pairs, or nil for none.
    public var mixing: BatchMixing?
    /// The part s of a label that all C classes share: s / C each, and 1 - s + s / C for the
    /// picture's own; at least 0, below 1.
    public var labelSmoothing: Double

    /// Creates a configuration.
    ///
    /// - Parameters:
    ///   - crop: how a picture becomes a square.
    ///   - flipProbability: how often it is mirrored.
    ///   - randAugment: operations on colours and geometry.
    ///   - erasing: a rectangle replaced by noise.
    ///   - mixing: pictures mixed in pairs.
    ///   - labelSmoothing: the part of a label that all classes share.
    public init(
        crop: TrainingCrop = .centre, flipProbability: Double = 0,
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

    /// Nothing at random: pictures as in evaluation, labels as they are.
    public static let none = Self()

    /// What small pictures such as CIFAR's are usually trained with: a crop after 4 black pixels
    /// are added on each side, and mirroring.
    public static let light = Self(crop: .padded(4), flipProbability: 0.5)

    /// What the authors train with, as DeiT does: timm's `rand-m9-mstd0.5-inc1`, random erasing,
    /// mixup 0.8, cutmix 1.0 and label smoothing 0.1, on crops of 8 % to all of a picture.
    ///
    /// At 32 pixels DeiT's code takes ``TrainingCrop/padded(_:)`` of 4 instead of those crops.
    public static let standard = Self(
        crop: .resized(), flipProbability: 0.5, randAugment: RandAugment(),
        erasing: RandomErasing(), mixing: BatchMixing(), labelSmoothing: 0.1)
}

/// How a picture becomes a square of the model's size S for training.
public enum TrainingCrop: Hashable, Sendable {
    /// As in evaluation: resized, then cut from the centre.
    case centre
    /// The shorter side is resized to S and the square in the centre cut out; black pixels are
    /// added on each side, as many as the value says; a square of S is cut out at random.
    case padded(Int)
    /// A rectangle of a random area, as a part of the picture's, and of a random width / height,
    /// even in its logarithm, is resized to S by S.
    ///
    /// If none of ten fits, the largest in the centre whose width / height is allowed.
    case resized(
        area: ClosedRange<Double> = 0.08...1, aspectRatio: ClosedRange<Double> = 3.0 / 4...4.0 / 3)
}
