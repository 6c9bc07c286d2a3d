import DVTCore
import Dispatch
import Glibc
import Synchronization
import Testing

@testable import DVTVision

/// Loading ahead: order, bounds and release.
@Suite(.timeLimit(.minutes(1)))
struct ImageLoaderTests {
    private static let preprocessing = Preprocessing.default(imageSize: 16)
    private static let names = ["rgb420.jpg", "none.jpg", "png-small.png", "exif6-ii.jpg"]

    private static func paths(_ count: Int) -> [String] {
        (0..<count).map { Fixtures.path(names[$0 % names.count]) }
    }

    private static func expectedValues() throws -> [String: [Float]] {
        var values: [String: [Float]] = [:]
        for name in names where name != "none.jpg" {
            let path = Fixtures.path(name)
            let image = try ImageDecoder.decode(path: path, applyingOrientation: true)
            values[path] = preprocessing.tensor(from: image).values
        }
        return values
    }

    @Test(arguments: [(0, 1), (1, 1), (1, 4), (3, 2), (4, 64)])
    func imagesArriveInOrder(workers: Int, lookAhead: Int) throws {
        let paths = Self.paths(60)
        let expected = try Self.expectedValues()
        let loader = ImageLoader(
            paths: paths, preprocessing: Self.preprocessing, workers: workers,
            lookAhead: lookAhead)
        for path in paths {
            let image = try #require(loader.next())
            #expect(image.path == path)
            switch image.result {
            case .success(let values): #expect(values == expected[path])
            case .failure(let error):
                #expect(error == .cannotOpen(path: path, reason: "No such file or directory"))
            }
        }
        #expect(loader.next() == nil)
        #expect(loader.next() == nil)
    }

    @Test(arguments: [0, 2])
    func anEmptyListEndsAtOnce(workers: Int) {
        let loader = ImageLoader(
            paths: [], preprocessing: Self.preprocessing, workers: workers)
        #expect(loader.next() == nil)
    }

    /// Paths are read no further ahead than allowed, however many there are.
    @Test(arguments: [(0, 1), (1, 1), (2, 3), (4, 8)])
    func lookAheadIsBounded(workers: Int, lookAhead: Int) throws {
        let source = CountingPaths(path: Fixtures.path("png-small.png"))
        let loader = ImageLoader(
            paths: source, preprocessing: Self.preprocessing, workers: workers,
            lookAhead: lookAhead)
        for delivered in 0..<200 {
            #expect(source.counter.read.load(ordering: .relaxed) <= delivered + lookAhead)
            _ = try #require(loader.next())
        }
    }

    @Test(arguments: [0, 1, 4])
    func releasingTheLoaderReleasesAll(workers: Int) throws {
        let end = DispatchSemaphore(value: 0)
        for deliveries in 0..<20 {
            let source = CountingPaths(path: Fixtures.path("rgb420.jpg"), end: end)
            var loader: ImageLoader? = ImageLoader(
                paths: source, preprocessing: Self.preprocessing, workers: workers, lookAhead: 8)
            for _ in 0..<deliveries { _ = try #require(loader?.next()) }
            loader = nil
        }
        // Each list signals its release, which happens only after its threads have ended.
        for _ in 0..<20 {
            #expect(end.wait(timeout: .now() + 30) == .success)
        }
    }

    /// Standard input may block for long; a loader that waits for it can still be released.
    @Test func releasingDoesNotWaitForTheList() throws {
        let line = DispatchSemaphore(value: 0)
        let end = DispatchSemaphore(value: 0)
        let path = Fixtures.path("png-small.png")
        do {
            let paths = WaitingPaths(path: path, line: line, end: end)
            let loader = ImageLoader(paths: paths, preprocessing: Self.preprocessing, workers: 3)
            line.signal()
            // The first image arrives although the list has not ended.
            #expect(loader.next()?.path == path)
        }
        line.signal()
        #expect(end.wait(timeout: .now() + 30) == .success)
    }

    /// Waiting for a path is distinguished from waiting for an image and from the end.
    @Test func reportsWhenItWaitsForPaths() throws {
        let line = DispatchSemaphore(value: 0)
        let path = Fixtures.path("png-small.png")
        let paths = WaitingPaths(path: path, line: line, end: DispatchSemaphore(value: 0))
        let loader = ImageLoader(paths: paths, preprocessing: Self.preprocessing, workers: 2)
        #expect(loader.isWaitingForPaths)
        for _ in 0..<3 {
            line.signal()
            while loader.isWaitingForPaths { usleep(1000) }
            #expect(loader.next()?.path == path)
            #expect(loader.isWaitingForPaths)
        }
        line.signal()
        let ended = ImageLoader(paths: [], preprocessing: Self.preprocessing, workers: 2)
        #expect(ended.next() == nil)
        #expect(!ended.isWaitingForPaths)
        let alone = ImageLoader(paths: [path], preprocessing: Self.preprocessing, workers: 0)
        #expect(!alone.isWaitingForPaths)
    }

    @Test func severalReadersShareTheImages() {
        let paths = Self.paths(200)
        let loader = ImageLoader(
            paths: paths, preprocessing: Self.preprocessing, workers: 3, lookAhead: 5)
        let counts = Mutex<[String: Int]>([:])
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            while let image = loader.next() {
                counts.withLock { $0[image.path, default: 0] += 1 }
            }
        }
        #expect(counts.withLock { $0.values.reduce(0, +) } == 200)
        #expect(counts.withLock { $0.values.allSatisfy { $0 == 50 } })
    }

    @Test func iteratorsServeAsLists() {
        var rest = Self.paths(3)
        let lines = AnyIterator { rest.isEmpty ? nil : rest.removeFirst() }
        let loader = ImageLoader(paths: lines, preprocessing: Self.preprocessing)
        #expect(loader.next() != nil && loader.next() != nil && loader.next() != nil)
        #expect(loader.next() == nil)
    }
}

/// Counts the paths that were read, and signals its release.
private final class PathCounter: Sendable {
    let read = Atomic(0)
    let end: DispatchSemaphore?

    init(end: DispatchSemaphore?) { self.end = end }

    deinit { end?.signal() }
}

/// One path forever.
private struct CountingPaths: Sequence, IteratorProtocol, Sendable {
    let path: String
    let counter: PathCounter

    init(path: String, end: DispatchSemaphore? = nil) {
        self.path = path
        counter = PathCounter(end: end)
    }

    func next() -> String? {
        counter.read.wrappingAdd(1, ordering: .relaxed)
        return path
    }
}

/// One path for each signal.
private struct WaitingPaths: Sequence, IteratorProtocol, Sendable {
    let path: String
    let line: DispatchSemaphore
    let counter: PathCounter

    init(path: String, line: DispatchSemaphore, end: DispatchSemaphore) {
        self.path = path
        self.line = line
        counter = PathCounter(end: end)
    }

    func next() -> String? {
        line.wait()
        return path
    }
}
