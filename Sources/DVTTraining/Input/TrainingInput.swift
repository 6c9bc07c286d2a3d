internal import DVTCore
import DVTSupport
public import DVTVision

/// The input of a training run: a labeled set and its conversion to batches.
///
/// ```swift
/// let input = try TrainingInput(
///     images, classes: 10, preprocessing: preprocessing, augmentation: .light,
///     options: .init(batchSize: 128, seed: 1))
/// for epoch in 0..<100 {
///     let batches = input.batches(epoch: epoch)
///     while let batch = try batches.next() { ... }
/// }
/// ```
public struct TrainingInput: Sendable {
    /// Options for batching and reading a set.
    public struct Options: Hashable, Sendable {
        /// The batch size, at least 1.
        package var batchSize: Int
        /// The seed of the image order and the augmentation.
        package var seed: UInt64
        /// Whether an epoch ends with an incomplete batch.
        package var keepsShortBatch: Bool
        /// Whether an unreadable image is an error; otherwise it is skipped.
        package var isStrict: Bool
        /// The number of threads that decode and augment images; with 0, ``TrainingBatches/next()``
        /// does the work.
        package var workers: Int
        /// The maximum bytes of decoded images cached for later epochs: CIFAR-10's 50,000 images
        /// take 154 MB.
        package var cacheByteLimit: Int

        /// Creates options.
        ///
        /// - Parameters:
        ///   - batchSize: the batch size, at least 1.
        ///   - seed: the seed of the image order and the augmentation.
        ///   - keepsShortBatch: whether an epoch ends with an incomplete batch.
        ///   - isStrict: whether an unreadable image is an error.
        ///   - workers: the number of threads that decode and augment images, at least 0.
        ///   - cacheByteLimit: the maximum bytes of cached images, at least 0.
        public init(
            batchSize: Int, seed: UInt64, keepsShortBatch: Bool = false, isStrict: Bool = false,
            workers: Int = 2, cacheByteLimit: Int = 0
        ) {
            precondition(batchSize > 0, "a batch has at least one image")
            precondition(workers >= 0, "the number of threads is at least 0")
            self.batchSize = batchSize
            self.seed = seed
            self.keepsShortBatch = keepsShortBatch
            self.isStrict = isStrict
            self.workers = workers
            self.cacheByteLimit = cacheByteLimit
        }
    }

    package let images: LabeledImages
    let classes: Int
    package let preprocessing: Preprocessing
    let augmentation: AugmentationConfiguration
    let imageAugmentation: ImageAugmentation
    package private(set) var options: Options
    private(set) var cache: ImageCache
    /// The features of the images, which batches then hold instead of the images themselves.
    package var features: FeatureTable?

    /// Creates the input of a training run.
    ///
    /// - Parameters:
    ///   - images: the labeled set.
    ///   - classes: the number of classes of the model.
    ///   - preprocessing: the model's size, filter, mean and deviation.
    ///   - augmentation: the augmentation settings.
    ///   - options: the options for batching and reading.
    /// - Throws: ``TrainingInputError`` if a class is out of range for the model, the set does not
    ///   fill a batch, or an augmentation setting is out of range.
    public init(
        _ images: LabeledImages, classes: Int, preprocessing: Preprocessing,
        augmentation: AugmentationConfiguration, options: Options
    ) throws(TrainingInputError) {
        for image in images where image.label >= classes {
            throw .labelOutOfRange(
                image: image.name, label: image.label, classes: classes)
        }
        imageAugmentation = try ImageAugmentation(
            augmentation, preprocessing: preprocessing, seed: options.seed)
        self.images = images
        self.classes = classes
        self.preprocessing = preprocessing
        self.augmentation = augmentation
        self.options = options
        cache = ImageCache(byteLimit: options.cacheByteLimit)
        guard batchCount > 0 else {
            throw .tooFewImages(
                origin: images.origin, count: images.count, batchSize: options.batchSize)
        }
    }

    /// Whether augmentation changes the images from epoch to epoch.
    package var changesImages: Bool { augmentation.changesImages }

    /// The number of batches per epoch.
    public var batchCount: Int { batchCount(of: images.count) }

    /// The number of batches of some of the images.
    func batchCount(of count: Int) -> Int {
        let rest = options.keepsShortBatch ? options.batchSize - 1 : 0
        return (count + rest) / options.batchSize
    }

    /// Returns the order of the images in an epoch, a Fisher-Yates shuffle.
    ///
    /// - Parameter epoch: the epoch, from 0.
    /// - Returns: the index of each image once.
    package func order(epoch: Int) -> [Int] {
        var random = SeededGenerator(name: "training.\(epoch).order", seed: options.seed)
        var order = Array(images.indices)
        for place in order.indices.dropFirst().reversed() {
            order.swapAt(place, random.next(below: place + 1))
        }
        return order
    }

    /// Starts preparing the batches of an epoch.
    ///
    /// - Parameters:
    ///   - epoch: the epoch, from 0.
    ///   - first: the first batch, from 0; later than 0 when a run resumes.
    /// - Returns: the same batches from that one on as in a complete epoch.
    public func batches(epoch: Int, from first: Int = 0) -> TrainingBatches {
        TrainingBatches(self, order: order(epoch: epoch), epoch: epoch, from: first)
    }

    /// The batches of all images in the order of the set, the last one as short as it is.
    ///
    /// - Parameter first: the first image.
    /// - Returns: the batches from this image on, with images that are not kept in memory.
    package func orderedBatches(from first: Int) -> TrainingBatches {
        var whole = self
        whole.options.keepsShortBatch = true
        whole.cache = ImageCache(byteLimit: 0)
        return TrainingBatches(
            whole, order: Array(images.indices.dropFirst(first)), epoch: 0, from: 0)
    }

    /// Decodes and augments one image.
    ///
    /// - Parameters:
    ///   - index: the index of the image in the set.
    ///   - epoch: the epoch, from 0.
    /// - Returns: the model's input, shape `[1, 3, S, S]`, and what the file lacks, if it ends early
    ///   and was decoded now.
    /// - Throws: ``/DVTVision/ImageError`` if the image cannot be read.
    func image(
        _ index: Int, epoch: Int
    ) throws(ImageError) -> (tensor: Tensor, incomplete: IncompleteImage?) {
        var incomplete: IncompleteImage?
        let image = try cache.image(index) { () throws(ImageError) in
            let decoded = try images[index].decode(preprocessing.decoding)
            incomplete = decoded.incomplete
            return decoded.image
        }
        return (imageAugmentation.tensor(from: image, epoch: epoch, index: index), incomplete)
    }
}
