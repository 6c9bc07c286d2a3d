import DVTCore
import DVTTestSupport
import DVTVision
import Glibc
import Testing

@testable import DVTTraining

/// Batches: order, resumption, and what happens to images that cannot be read.
@Suite(.timeLimit(.minutes(1)))
struct TrainingBatchesTests {
    private static let preprocessing = Preprocessing(shorterSide: 32, imageSize: 32)
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func input(
        _ images: LabeledImages, _ augmentation: AugmentationConfiguration = .none,
        _ options: TrainingInput.Options
    ) throws -> TrainingInput {
        try TrainingInput(
            images, classes: 10, preprocessing: Self.preprocessing, augmentation: augmentation,
            options: options)
    }

    private func all(_ batches: TrainingBatches) throws -> [TrainingBatch] {
        var all: [TrainingBatch] = []
        while let batch = try batches.next() { all.append(batch) }
        return all
    }

    private func expectEqual(_ one: [TrainingBatch], _ other: [TrainingBatch]) {
        #expect(one.map(\.index) == other.map(\.index))
        #expect(one.map(\.images) == other.map(\.images))
        #expect(one.map(\.targets) == other.map(\.targets))
        #expect(one.map(\.labels) == other.map(\.labels))
    }

    @Test func anEpochTakesEveryImageOnce() throws {
        let images = try cifarSet(23, in: folder)
        let input = try input(images, .none, .init(batchSize: 5, seed: 3, keepsShortBatch: true))
        let batches = try all(input.batches(epoch: 1))
        #expect(input.batchCount == 5 && batches.map(\.labels.count) == [5, 5, 5, 5, 3])
        #expect(batches.map(\.index) == [0, 1, 2, 3, 4])
        let order = input.order(epoch: 1)
        #expect(order.sorted() == Array(0..<23) && order != order.sorted())
        #expect(order == input.order(epoch: 1) && order != input.order(epoch: 2))
        for (place, index) in order.enumerated() {
            let batch = batches[place / 5]
            #expect(batch.labels[place % 5] == index % 10)
            let image = try images[index].decode(applyingOrientation: true)
            let start = place % 5 * 3072
            #expect(
                Array(batch.images.values[start..<start + 3072])
                    == Self.preprocessing.tensor(from: image).values)
            #expect(batch.targets.values[place % 5 * 10 + index % 10] == 1)
        }
        #expect(batches[4].images.shape == [3, 3, 32, 32] && batches[4].targets.shape == [3, 10])
    }

    @Test func aShortBatchIsDroppedUnlessKept() throws {
        let images = try cifarSet(23, in: folder)
        let input = try input(images, .none, .init(batchSize: 5, seed: 3))
        #expect(try input.batchCount == 4 && all(input.batches(epoch: 0)).count == 4)
    }

    /// Each position of a shuffled order is equally likely for each image.
    @Test func ordersAreFair() throws {
        let images = try cifarSet(4, in: folder)
        let input = try input(images, .none, .init(batchSize: 1, seed: 3))
        var counts = [Int](repeating: 0, count: 16)
        for epoch in 0..<2000 {
            for (place, index) in input.order(epoch: epoch).enumerated() {
                counts[place * 4 + index] += 1
            }
        }
        // 500 with a deviation of 19.
        #expect(counts.allSatisfy { abs($0 - 500) < 97 })
    }

    @Test(arguments: [(1, 0), (2, 1 << 20), (5, 40_000)])
    func threadsAndCacheChangeNothing(workers: Int, cacheByteLimit: Int) throws {
        let images = try cifarSet(40, in: folder)
        var options = TrainingInput.Options(batchSize: 8, seed: 3, workers: 0)
        let expected = try all(input(images, .standard, options).batches(epoch: 2))
        options.workers = workers
        options.cacheByteLimit = cacheByteLimit
        let input = try input(images, .standard, options)
        for _ in 0..<2 {
            expectEqual(try all(input.batches(epoch: 2)), expected)
        }
        #expect(try all(input.batches(epoch: 3)).map(\.images) != expected.map(\.images))
    }

    @Test func anInterruptedEpochResumes() throws {
        let images = try cifarSet(30, in: folder)
        let input = try input(
            images, .standard, .init(batchSize: 4, seed: 9, keepsShortBatch: true))
        let whole = try all(input.batches(epoch: 4))
        #expect(whole.count == 8)
        for first in [0, 1, 5, 7, 8, 9] {
            expectEqual(
                try all(input.batches(epoch: 4, from: first)), Array(whole.dropFirst(first)))
        }
    }

    @Test func targetsOfMixedBatchesAddUpToOne() throws {
        let images = try cifarSet(32, in: folder)
        let input = try input(images, .standard, .init(batchSize: 8, seed: 1))
        for batch in try all(input.batches(epoch: 0)) {
            for row in 0..<8 {
                let target = batch.targets.values[row * 10..<(row + 1) * 10]
                // Ten sums of two products in float32.
                #expect(abs(target.reduce(0, +) - 1) < 1e-5)
                #expect(target.allSatisfy { $0 >= 0.0099 })
            }
        }
    }

    /// A set of eight files, some of which are not images.
    private func damagedSet(_ damaged: Set<Int>) throws -> LabeledImages {
        let pixel = RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
        var table = ""
        for index in 0..<8 {
            let bytes = damaged.contains(index) ? [1, 2, 3, 4] : try PNGEncoder.encode(pixel)
            try folder.file("\(index).png", bytes)
            table += "\(index).png,\(index)\n"
        }
        return try .csv(path: folder.file("table.csv", table))
    }

    @Test(arguments: [0, 2])
    func unreadableImagesAreLeftOut(workers: Int) throws {
        let images = try damagedSet([2, 5])
        let input = try input(images, .light, .init(batchSize: 4, seed: 1, workers: workers))
        let batches = input.batches(epoch: 0)
        let labels = try all(batches).flatMap(\.labels)
        #expect(labels == input.order(epoch: 0).filter { $0 != 2 && $0 != 5 })
        #expect(Set(batches.skipped.map { $0.path.suffix(5) }) == ["2.png", "5.png"])
    }

    /// Files that end early are left out, or used and listed; from the cache they come without.
    @Test func filesThatEndEarlyFollowTheRule() throws {
        let pixel = RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
        let file = try PNGEncoder.encode(pixel)
        var table = ""
        for index in 0..<4 {
            // The last chunk of a PNG file has 12 bytes.
            try folder.file("\(index).png", index == 2 ? Array(file.dropLast(12)) : file)
            table += "\(index).png,\(index)\n"
        }
        let images = try LabeledImages.csv(path: folder.file("table.csv", table))
        var preprocessing = Self.preprocessing
        for rule in TruncationRule.allCases {
            preprocessing.decoding.truncation = rule
            let input = try TrainingInput(
                images, classes: 10, preprocessing: preprocessing, augmentation: .none,
                options: .init(batchSize: 2, seed: 1, cacheByteLimit: 1 << 20))
            let first = input.batches(epoch: 0)
            let labels = try all(first).flatMap(\.labels)
            #expect(labels.contains(2) == (rule == .use) && labels.count >= 3)
            #expect(first.skipped.count == (rule == .use ? 0 : 1))
            let found = first.incomplete.map { "\($0.path.suffix(5)) \($0.missing)" }
            #expect(found == (rule == .use ? ["2.png endMarker"] : []))
            let second = input.batches(epoch: 1)
            #expect(try all(second).flatMap(\.labels).count == labels.count)
            #expect(second.incomplete.isEmpty)
        }
    }

    @Test func emptyBatchesAreSkipped() throws {
        let images = try damagedSet([0, 1, 2, 3, 4, 6, 7])
        let input = try input(images, .light, .init(batchSize: 1, seed: 1))
        let batches = input.batches(epoch: 0)
        let left = try all(batches)
        #expect(left.map(\.labels) == [[5]])
        #expect(left.map(\.index) == [input.order(epoch: 0).firstIndex(of: 5)])
        #expect(batches.skipped.count == 7)
    }

    @Test(arguments: [0, 2])
    func strictInputStopsAtUnreadableImages(workers: Int) throws {
        let images = try damagedSet([3])
        let input = try input(
            images, .none, .init(batchSize: 2, seed: 1, isStrict: true, workers: workers))
        let batches = input.batches(epoch: 0)
        let error = #expect(throws: ImageError.self) { _ = try all(batches) }
        #expect(error?.description.contains("3.png: begins with 01 02 03 04") == true)
        #expect(try batches.next() == nil)
    }

    @Test func mismatchedSetsAreRefused() throws {
        let images = try cifarSet(12, in: folder)
        func problem(_ classes: Int, batchSize: Int) -> String? {
            do throws(TrainingInputError) {
                _ = try TrainingInput(
                    images, classes: classes, preprocessing: Self.preprocessing,
                    augmentation: .none, options: .init(batchSize: batchSize, seed: 1))
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(problem(9, batchSize: 4)?.contains("[9]: is of class 9 (from 0)") == true)
        #expect(problem(10, batchSize: 13)?.contains("12 images, which do not fill") == true)
        #expect(problem(10, batchSize: 12) == nil)
    }

    /// Batches that are released early, at any position, end their threads.
    @Test func releasingEndsAllThreads() throws {
        let images = try cifarSet(40, in: folder)
        for taken in 0..<10 {
            weak var cache: ImageCache?
            do {
                let input = try input(images, .light, .init(batchSize: 4, seed: 1, workers: 3))
                cache = input.cache
                let batches = input.batches(epoch: 0)
                for _ in 0..<taken { #expect(try batches.next() != nil) }
            }
            // The threads retain the input; the time limit fails the test if one never ends.
            while cache != nil { usleep(1000) }
        }
    }
}
