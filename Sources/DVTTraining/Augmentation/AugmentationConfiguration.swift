/// The random augmentation of images, batches and labels during training.
///
/// The same configuration, seed, epoch and image always give the same result.
public struct AugmentationConfiguration: Hashable, Sendable {
    /// The crop to a square of the model's input size.
    package var crop: TrainingCrop
    /// The probability of a horizontal flip, from 0 to 1.
    package var flipProbability: Double
    /// Random color and geometry operations, or nil for none.
    package var randAugment: RandAugment?
    /// Replacement of a rectangle by noise, or nil for none.
    package var erasing: RandomErasing?
    /// Mixing of image pairs in a batch, or nil for none.
    package var mixing: BatchMixing?
    /// The label smoothing s, at least 0 and below 1.
    ///
    /// With C classes, each class gets `s / C` and the label `1 - s + s / C`.
    package var labelSmoothing: Double

    /// Creates a configuration.
    ///
    /// - Parameters:
    ///   - crop: the crop to a square.
    ///   - flipProbability: the probability of a horizontal flip.
    ///   - randAugment: color and geometry operations.
    ///   - erasing: replacement of a rectangle by noise.
    ///   - mixing: mixing of image pairs.
    ///   - labelSmoothing: the probability mass shared by all classes.
    package init(
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

    /// Whether images differ from epoch to epoch; label smoothing alone leaves them as they are.
    var changesImages: Bool {
        var plain = self
        plain.labelSmoothing = 0
        return plain != .none
    }

    /// No augmentation: images and labels as in evaluation.
    public static let none = Self()

    /// The usual augmentation of small images such as CIFAR's: padding by 4 black pixels with a
    /// random crop, and horizontal flips.
    public static let light = Self(crop: .padded(4), flipProbability: 0.5)

    /// The authors' and DeiT's augmentation: timm's `rand-m9-mstd0.5-inc1`, random erasing, mixup
    /// 0.8, cutmix 1.0 and label smoothing 0.1, on crops of 8% to 100% of the image area.
    ///
    /// For 32-pixel images, DeiT's code pads by 4 pixels and crops at random instead.
    public static let standard = Self(
        crop: .resized(), flipProbability: 0.5, randAugment: RandAugment(),
        erasing: RandomErasing(), mixing: BatchMixing(), labelSmoothing: 0.1)
}
