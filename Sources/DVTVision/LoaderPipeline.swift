import Glibc

/// What an ``ImageLoader`` and its threads share.
///
/// A class of its own: the threads hold it, not the loader, so releasing the loader is noticed.
final class LoaderPipeline: Sendable {
    private struct State {
        /// Pictures whose turn has not come, by their place in the list.
        var ready: [Int: LoadedImage] = [:]
        /// Places given to threads and not yet delivered.
        var reserved = 0
        /// Those of them whose path has been read.
        var decoding = 0
        /// The place of the next picture to deliver.
        var nextIndex = 0
        /// The threads that have not ended.
        var threadCount = 0
        var listHasEnded = false
        var isClosed = false
    }

    private enum Step {
        case deliver(LoadedImage?)
        case work
    }

    private let source: PictureSource
    private let preprocessing: Preprocessing
    private let lookAhead: Int
    private let monitor = Monitor(State())

    /// Creates a pipeline that does not run yet.
    ///
    /// - Parameters:
    ///   - source: the files.
    ///   - preprocessing: what happens to each picture.
    ///   - lookAhead: the most pictures in work or waiting.
    init(source: PictureSource, preprocessing: Preprocessing, lookAhead: Int) {
        self.source = source
        self.preprocessing = preprocessing
        self.lookAhead = lookAhead
    }

    /// Starts threads; as many as the system grants.
    ///
    /// - Parameter count: how many are wanted.
    func start(_ count: Int) {
        for _ in 0..<count {
            monitor.change { $0.threadCount += 1 }
            if !startThread() {
                monitor.change { $0.threadCount -= 1 }
                return
            }
        }
    }

    /// Ends the threads, each after its picture.
    func close() {
        source.close()
        monitor.change { state in
            state.isClosed = true
            state.ready = [:]
        }
    }

    /// Whether there is nothing to deliver before another path has been read.
    var isWaitingForPaths: Bool {
        monitor.change { state in
            state.threadCount > 0 && !state.listHasEnded && state.ready.isEmpty
                && state.decoding == 0
        }
    }

    /// Waits for the next picture.
    ///
    /// - Returns: the picture, or nil after the last one.
    func next() -> LoadedImage? {
        while true {
            let step = monitor.waitToChange { state in self.step(&state) }
            switch step {
            case .deliver(let image): return image
            case .work: work()
            }
        }
    }

    private func step(_ state: inout State) -> Step? {
        if let image = state.ready.removeValue(forKey: state.nextIndex) {
            state.nextIndex += 1
            state.reserved -= 1
            return .deliver(image)
        }
        if state.listHasEnded, state.reserved == 0 { return .deliver(nil) }
        // Without threads the caller does the work, one picture at a time.
        guard state.threadCount == 0, state.reserved == 0 else { return nil }
        state.reserved = 1
        return .work
    }

    private func startThread() -> Bool {
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return false }
        defer { pthread_attr_destroy(&attributes) }
        // Nobody joins: a thread may be waiting for a path, and releasing the loader must not.
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<LoaderPipeline>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        if status != 0 { context.release() }
        return status == 0
    }

    private func run() {
        while reserve() { work() }
        monitor.change { $0.threadCount -= 1 }
    }

    /// Waits until one more picture may be decoded.
    ///
    /// - Returns: false if there is nothing more to do.
    private func reserve() -> Bool {
        monitor.waitToChange { state in
            if state.isClosed || state.listHasEnded { return false }
            guard state.reserved < self.lookAhead else { return nil }
            state.reserved += 1
            return true
        }
    }

    /// Loads the next picture; one must have been reserved.
    private func work() {
        guard let (index, item) = source.next() else {
            monitor.change { state in
                state.reserved -= 1
                state.listHasEnded = true
            }
            return
        }
        let isClosed = monitor.change { state in
            state.decoding += 1
            return state.isClosed
        }
        guard !isClosed else { return }
        let image = load(item)
        monitor.change { state in
            state.decoding -= 1
            if !state.isClosed { state.ready[index] = image }
        }
    }

    private func load(_ item: PictureSource.Item) -> LoadedImage {
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
