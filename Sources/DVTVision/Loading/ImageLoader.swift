/// A loaded image or its error.
public struct LoadedImage: Sendable {
    /// The path of the file; for a record of an archive followed by its index in brackets.
    public let path: String
    /// The class from 0, for images of a labeled set.
    public let label: Int?
    /// The preprocessed values, shape `[3, imageSize, imageSize]`, or the error.
    public let result: Result<[Float], ImageError>
    /// What the file lacks, if it ends early and is used nevertheless; see
    /// ``DecodingOptions/truncation``.
    public let incomplete: IncompleteImage?
}

/// Decodes and preprocesses images ahead of their use on its own threads.
///
/// Images are returned in the order of their paths. At most `lookAhead` images are decoded or being
/// decoded at any time, so memory does not grow with the list. Paths are read lazily, so the list
/// may come from standard input. Releasing the loader ends each thread after its current image or
/// its wait for the next path.
///
/// ```swift
/// let lines = AnyIterator { readLine() }
/// let loader = ImageLoader(paths: lines, preprocessing: .default)
/// while let image = loader.next() { ... }
/// ```
public final class ImageLoader: Sendable {
    private let pipeline: LoaderPipeline<Item, LoadedImage>

    /// An image to load.
    private struct Item: Sendable {
        /// The location, or why there is none.
        let location: Result<ImageLocation, ImageError>
        let label: Int?
    }

    /// Starts loading images.
    ///
    /// - Parameters:
    ///   - paths: the files, read lazily by one thread at a time.
    ///   - preprocessing: the preprocessing of each image.
    ///   - workers: the number of threads; with 0, ``next()`` does the work.
    ///   - lookAhead: the maximum number of images decoded ahead, at least 1.
    public convenience init(
        paths: sending some Sequence<String>, preprocessing: Preprocessing, workers: Int = 2,
        lookAhead: Int = 16
    ) {
        self.init(
            SharedSequence(paths.lazy.map { Item(location: .success(.file($0)), label: nil) }),
            preprocessing: preprocessing, workers: workers, lookAhead: lookAhead)
    }

    /// Starts loading images of a list that also holds errors, which are returned in its order.
    ///
    /// - Parameters:
    ///   - inputs: the files, read lazily by one thread at a time, or why there is none.
    ///   - preprocessing: the preprocessing of each image.
    ///   - workers: the number of threads; with 0, ``next()`` does the work.
    ///   - lookAhead: the maximum number of images decoded ahead, at least 1.
    package convenience init(
        inputs: sending some Sequence<Result<String, ImageError>>, preprocessing: Preprocessing,
        workers: Int = 2, lookAhead: Int = 16
    ) {
        self.init(
            SharedSequence(
                inputs.lazy.map { Item(location: $0.map { .file($0) }, label: nil) }),
            preprocessing: preprocessing, workers: workers, lookAhead: lookAhead)
    }

    /// Starts loading the images of a set with their labels.
    ///
    /// - Parameters:
    ///   - images: the labeled images.
    ///   - preprocessing: the preprocessing of each image.
    ///   - workers: the number of threads; with 0, ``next()`` does the work.
    ///   - lookAhead: the maximum number of images decoded ahead, at least 1.
    public convenience init(
        _ images: LabeledImages, preprocessing: Preprocessing, workers: Int = 2,
        lookAhead: Int = 16
    ) {
        self.init(
            SharedSequence(
                images.lazy.map { Item(location: .success($0.location), label: $0.label) }),
            preprocessing: preprocessing, workers: workers, lookAhead: lookAhead)
    }

    private init(
        _ source: SharedSequence<Item>, preprocessing: Preprocessing, workers: Int, lookAhead: Int
    ) {
        pipeline = LoaderPipeline(source: source, lookAhead: lookAhead) { item in
            Self.load(item, preprocessing)
        }
        pipeline.start(workers)
    }

    deinit {
        close()
    }

    /// Ends loading: ``next()`` returns nil from then on, also where it is waiting.
    package func close() {
        pipeline.close()
    }

    /// Whether ``next()`` would wait for the next path, for example from standard input, rather
    /// than for decoding; false without worker threads.
    public var isWaitingForPaths: Bool {
        pipeline.isWaitingForElements
    }

    /// Waits for the next image; safe to call from any thread.
    ///
    /// - Returns: the image or its error, or nil after the last one.
    public func next() -> LoadedImage? {
        pipeline.next()
    }

    private static func load(_ item: Item, _ preprocessing: Preprocessing) -> LoadedImage {
        do throws(ImageError) {
            let location = try item.location.get()
            let decoded = try location.decode(preprocessing.decoding)
            return LoadedImage(
                path: location.name, label: item.label,
                result: .success(preprocessing.values(from: decoded.image)),
                incomplete: decoded.incomplete)
        } catch {
            let path = (try? item.location.get())?.name ?? error.path
            return LoadedImage(
                path: path, label: item.label, result: .failure(error), incomplete: nil)
        }
    }
}
