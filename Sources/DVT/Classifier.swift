/// A cascade on one device that classifies image files.
///
/// ```swift
/// let classifier = try Classifier(checkpoint: "model.safetensors")
/// for image in try classifier.classify(["cat.jpg", "dog.png"]) {
///     print(image.label, image.probability, image.exit + 1)
/// }
/// ```
///
/// Images are decoded ahead of their use by other threads and run in batches; a
/// ``/DVTModel/CascadeStream`` keeps the batches of every stage full. A classifier is confined to
/// one thread or actor.
public final class Classifier<B: Backend> {
    /// The path of the checkpoint, or the name of the model that is part of the package.
    public let origin: String
    /// The model's sizes, preprocessing, labels and thresholds.
    public let card: ModelCard
    /// The names of the model's classes, or nil if the card has none.
    public let labels: ClassLabels?
    /// The model on its device.
    public let model: DynamicVisionTransformer<B>
    /// The exit policy; initially the card's thresholds, or 0.8 if it has none.
    public var policy: ExitPolicy
    /// The images of a full batch, at least one.
    public var batchSize = 32 {
        didSet { precondition(batchSize > 0, "a batch holds at least one image") }
    }
    private let preprocessing: Preprocessing

    /// Loads a model onto a device.
    ///
    /// - Parameters:
    ///   - path: a checkpoint with a model card, as `dvt convert` writes it; nil means the trained
    ///     model that is part of the package.
    ///   - backend: the device.
    /// - Throws: the checkpoint's error, ``/DVTModel/ModelError`` if it has no card or does not fit
    ///   it, ``/DVTVision/LabelError`` if the card's labels are unknown, or the backend's error.
    public init(checkpoint path: String? = nil, backend: B) throws {
        let file = try path.map { try Checkpoint.open(path: $0) } ?? ShippedModel.open()
        origin = file.origin
        card = try ModelCard(storedIn: file)
        labels = try ClassLabels.of(card)
        preprocessing = try Preprocessing(card)
        policy = card.exitPolicy
        model = try DynamicVisionTransformer(
            card.configuration, weights: CheckpointWeights(file, resamplingPositions: true),
            backend: backend)
    }

    /// The device's name and driver.
    public var deviceName: String { model.backend.deviceName }

    /// Classifies image files.
    ///
    /// - Parameters:
    ///   - paths: image files; see ``/DVTVision/ImageDecoder``.
    ///   - topK: the number of classes that each prediction lists.
    /// - Returns: one classification per file, in the order of the paths.
    /// - Throws: ``/DVTVision/ImageError`` for the first file that cannot be read,
    ///   ``/DVTModel/ModelError`` if the policy does not fit the model or an exit's confidence is
    ///   not a number, or the backend's error.
    public func classify(
        _ paths: some Sequence<String>, topK: Int = 1
    ) throws -> [Classification] {
        let paths = Array(paths)
        let loader = ImageLoader(
            paths: paths, preprocessing: preprocessing, lookAhead: max(batchSize, 16))
        let stream = try CascadeStream(model, batch: batchSize, policy: policy, topK: topK)
        var finished: [FinishedImage] = []
        for start in stride(from: 0, to: paths.count, by: batchSize) {
            let count = min(batchSize, paths.count - start)
            finished += try stream.submit(batch(of: count, from: loader))
        }
        finished += try stream.flush()
        return finished.sorted { $0.index < $1.index }.map { image in
            Classification(
                path: paths[image.index], prediction: image.prediction,
                label: labels?[image.prediction.classIndex])
        }
    }

    private func batch(of count: Int, from loader: ImageLoader) throws -> Tensor {
        let shape = preprocessing.shape.withBatch(count)
        var values: [Float] = []
        values.reserveCapacity(shape.elementCount)
        for _ in 0..<count {
            guard let image = loader.next() else { break }
            values += try image.result.get()
        }
        return Tensor(shape, values: values)
    }
}

extension Classifier where B == OpenCLBackend {
    /// Loads a model onto an OpenCL device.
    ///
    /// - Parameters:
    ///   - path: a checkpoint with a model card, as `dvt convert` writes it; nil means the trained
    ///     model that is part of the package.
    ///   - device: an index or part of a name as `dvt devices` lists them, `gpu` or `cpu`; nil
    ///     means the first GPU, or the first device if there is no GPU.
    ///   - precision: the precision of tensors on the device.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if there is no such device, or the error of
    ///   ``init(checkpoint:backend:)``.
    public convenience init(
        checkpoint path: String? = nil, device: String? = nil, precision: Precision = .float32
    ) throws {
        let context = try Context(device: DeviceSelector(device).device())
        try self.init(
            checkpoint: path, backend: OpenCLBackend(context: context, precision: precision))
    }
}
