import DVTCore
import DVTSupport
public import DVTVision

/// What a training run takes its images from: a set, and how it becomes batches.
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
    /// How a set is cut into batches and read.
    public struct Options: Hashable, Sendable {
        /// The images of a batch, at least 1.
        public var batchSize: Int
        /// What the order of the images and all that is drawn for them depend on.
        public var seed: UInt64
        /// Whether an epoch ends with a batch of the images that are left.
        public var keepsShortBatch: Bool
        /// Whether an image that cannot be read is an error; else it is left out.
        public var isStrict: Bool
        /// The threads that decode and change images; with none, ``TrainingBatches/next()`` does
        /// it.
        public var workers: Int
        /// The most bytes of decoded images that are kept for the next epochs: CIFAR-10's 50,000
        /// take 154 MB.
        public var cacheByteLimit: Int

        /// Creates options.
        ///
        /// - Parameters:
        ///   - batchSize: the images of a batch, at least 1.
        ///   - seed: the seed.
        ///   - keepsShortBatch: whether an epoch ends with the images that are left.
        ///   - isStrict: whether an image that cannot be read is an error.
        ///   - workers: the threads that decode and change images, at least 0.
        ///   - cacheByteLimit: the most bytes of decoded images that are kept, at least 0.
        public init(
            batchSize: Int, seed: UInt64, keepsShortBatch: Bool = false, isStrict: Bool = false,
            workers: Int = 2, cacheByteLimit: Int = 0
        ) {
            precondition(batchSize > 0, "a batch has at least one image")
            precondition(workers >= 0, "there is no negative number of threads")
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
    let preprocessing: Preprocessing
    let augmentation: AugmentationConfiguration
    let imageAugmentation: ImageAugmentation
    package let options: Options
    let cache: ImageCache

    /// Creates the input of a training run.
    ///
    /// - Parameters:
    ///   - images: the set.
    ///   - classes: the model's number of classes.
    ///   - preprocessing: the model's size, filter, mean and deviation.
    ///   - augmentation: what is changed at random.
    ///   - options: how the set is cut into batches and read.
    /// - Throws: ``TrainingInputError`` if a class is none of the model's, the set does not fill a
    ///   batch, or a setting of the augmentation lies outside its range.
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

    /// The batches of an epoch.
    public var batchCount: Int {
        let rest = options.keepsShortBatch ? options.batchSize - 1 : 0
        return (images.count + rest) / options.batchSize
    }

    /// The order in which an epoch takes the images: a shuffle by Fisher and Yates.
    ///
    /// - Parameter epoch: the pass over the set, from 0.
    /// - Returns: the images' numbers, each once.
    public func order(epoch: Int) -> [Int] {
        var random = SeededGenerator(name: "training.\(epoch).order", seed: options.seed)
        var order = Array(images.indices)
        for place in order.indices.dropFirst().reversed() {
            order.swapAt(place, random.next(below: place + 1))
        }
        return order
    }

    /// Starts to make the batches of an epoch.
    ///
    /// - Parameters:
    ///   - epoch: the pass over the set, from 0.
    ///   - first: the batch to begin with, from 0: where an interrupted run goes on.
    /// - Returns: the batches from that one on, as if those before had been taken too.
    public func batches(epoch: Int, from first: Int = 0) -> TrainingBatches {
        TrainingBatches(self, epoch: epoch, from: first)
    }

    /// Decodes and changes one image.
    ///
    /// - Parameters:
    ///   - index: its number in the set.
    ///   - epoch: the pass over the set.
    /// - Returns: the model's input, shape `[1, 3, S, S]`.
    /// - Throws: ``/DVTVision/ImageError`` if the image cannot be read.
    func image(_ index: Int, epoch: Int) throws(ImageError) -> Tensor {
        let image = try cache.image(index) { () throws(ImageError) in
            try images[index].decode(applyingOrientation: preprocessing.applyingOrientation)
        }
        return imageAugmentation.tensor(from: image, epoch: epoch, index: index)
    }
}
