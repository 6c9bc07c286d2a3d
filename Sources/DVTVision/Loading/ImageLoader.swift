/// An image that was loaded, or why it was not.
public struct LoadedImage: Sendable {
    /// The file; of an archive's image also its number, in brackets.
    public let path: String
    /// The class, from 0, where a set of labeled images says it.
    public let label: Int?
    /// The preprocessed values, shape `[3, imageSize, imageSize]`, or what was wrong.
    public let result: Result<[Float], ImageError>
}

/// Decodes and preprocesses images ahead of their use, in threads of its own.
///
/// Images come out in the order of their paths. At most `lookAhead` of them are decoded or
/// being decoded at any time, so memory does not grow with the list, and paths are read no
/// earlier than they are needed: the list may be standard input. Releasing the loader ends its
/// threads as soon as each has finished its image, or its wait for the next path.
///
/// ```swift
/// let lines = AnyIterator { readLine() }
/// let loader = ImageLoader(paths: lines, preprocessing: .default)
/// while let image = loader.next() { ... }
/// ```
public final class ImageLoader: Sendable {
    private let pipeline: LoaderPipeline<Item, LoadedImage>

    /// An image that is to be loaded.
    private struct Item: Sendable {
        let location: ImageLocation
        let label: Int?
    }

    /// Starts to load images.
    ///
    /// - Parameters:
    ///   - paths: the files; read one by one, by one thread at a time.
    ///   - preprocessing: what happens to each image.
    ///   - workers: the number of threads; with none, ``next()`` does the work itself.
    ///   - lookAhead: the most images decoded before they are asked for, at least 1.
    public convenience init(
        paths: sending some Sequence<String>, preprocessing: Preprocessing, workers: Int = 2,
        lookAhead: Int = 16
    ) {
        self.init(
            SharedSequence(paths.lazy.map { Item(location: .file($0), label: nil) }),
            preprocessing: preprocessing, workers: workers, lookAhead: lookAhead)
    }

    /// Starts to load the images of a set, with their labels.
    ///
    /// - Parameters:
    ///   - images: the set.
    ///   - preprocessing: what happens to each image.
    ///   - workers: the number of threads; with none, ``next()`` does the work itself.
    ///   - lookAhead: the most images decoded before they are asked for, at least 1.
    public convenience init(
        _ images: LabeledImages, preprocessing: Preprocessing, workers: Int = 2,
        lookAhead: Int = 16
    ) {
        self.init(
            SharedSequence(images.lazy.map { Item(location: $0.location, label: $0.label) }),
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
        pipeline.close()
    }

    /// Whether ``next()`` would wait for the list of paths, as for standard input, and not for a
    /// image's decoding; unknown, so false, where no thread works ahead.
    public var isWaitingForPaths: Bool {
        pipeline.isWaitingForElements
    }

    /// Waits for the next image.
    ///
    /// Any thread may call it; each image is given once.
    ///
    /// - Returns: the image or its error, or nil after the last one.
    public func next() -> LoadedImage? {
        pipeline.next()
    }

    private static func load(_ item: Item, _ preprocessing: Preprocessing) -> LoadedImage {
        let result: Result<[Float], ImageError>
        do throws(ImageError) {
            let image = try item.location.decode(
                applyingOrientation: preprocessing.applyingOrientation)
            result = .success(preprocessing.values(from: image))
        } catch {
            result = .failure(error)
        }
        return LoadedImage(path: item.location.name, label: item.label, result: result)
    }
}
