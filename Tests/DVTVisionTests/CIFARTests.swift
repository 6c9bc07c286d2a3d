import Foundation
import Glibc
import Testing

@testable import DVTVision

/// CIFAR's binary version.
@Suite struct CIFARTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Records whose samples identify their image, plane and position.
    private func records(_ labels: [[UInt8]], from start: Int = 0) -> [UInt8] {
        labels.enumerated().flatMap { index, labels in
            labels + (0..<3072).map { UInt8(truncatingIfNeeded: $0 + 7 * (start + index)) }
        }
    }

    private func error(_ path: String, split: String? = nil) -> String? {
        do {
            _ = try LabeledImages.open(path: path, split: split)
            return nil
        } catch {
            return "\(error)".replacing(folder.path, with: "ROOT")
        }
    }

    @Test func cifar10IsReadInOrder() throws {
        try folder.write(records([[3], [9]]), to: "data_batch_1.bin")
        try folder.write(records([[0]], from: 2), to: "data_batch_2.bin")
        try folder.write(records([[1]]), to: "test_batch.bin")
        try folder.write([1, 2, 3], to: "batches.meta.txt")
        let set = try LabeledImages.open(path: folder.path, split: "train")
        #expect(set.map(\.label) == [3, 9, 0] && set.classes == .cifar10)
        #expect(set[2].name == "\(folder.path)/data_batch_2.bin[0]")
        let image = try set[2].decode(applyingOrientation: true)
        #expect(image.width == 32 && image.height == 32)
        // Row 5, column 6: position 166 of each plane.
        let pixel = image.pixels[3 * 166..<3 * 166 + 3]
        #expect(Array(pixel) == [0, 1, 2].map { UInt8(truncatingIfNeeded: 166 + 1024 * $0 + 14) })
        #expect(try LabeledImages.open(path: folder.path, split: "test").count == 1)
        #expect(error(folder.path) == "ROOT: has the parts train, test; name one of them")
        #expect(error(folder.path, split: "val")?.contains("there are train, test") == true)
    }

    /// Both parts have all classes, although the period of the classes is that of the held-out
    /// images.
    @Test func heldOutImagesAreOfAllClasses() throws {
        try folder.write(records((0..<200).map { [UInt8($0 % 10)] }), to: "data_batch_1.bin")
        let set = try LabeledImages.open(path: folder.path)
        let (only, rest) = (set.only(every: 10), set.leavingOut(every: 10))
        #expect(only.count == 20 && rest.count == 180)
        #expect(Set(only.map(\.name)).union(rest.map(\.name)) == Set(set.map(\.name)))
        #expect(Set(only.map(\.label)).count >= 7 && Set(rest.map(\.label)).count == 10)
        #expect(only.map(\.name) == set.only(every: 10).map(\.name))
    }

    @Test func cifar100HasFineLabels() throws {
        try folder.write(records([[19, 99], [0, 7]]), to: "train.bin")
        let set = try LabeledImages.open(path: folder.path)
        #expect(set.map(\.label) == [99, 7] && set.classes == .cifar100)
        let image = try set[0].decode(applyingOrientation: false)
        #expect(image.pixels[0] == 0)
    }

    @Test func filesAreRecognizedByNameOrSize() throws {
        let ten = try folder.write(records([[1], [2]]), to: "part.bin")
        #expect(try LabeledImages.open(path: ten).classes == .cifar10)
        let hundred = try folder.write(records([[1, 50]]), to: "part100.bin")
        #expect(try LabeledImages.open(path: hundred).map(\.label) == [50])
    }

    @Test func damagedFilesAreRefused() throws {
        let short = try folder.write(Array(records([[1]]).dropLast()), to: "test_batch.bin")
        #expect(error(short)?.contains("has 3072 bytes, which are no records of 3073") == true)
        let empty = try folder.write([], to: "data_batch_1.bin")
        #expect(error(empty)?.contains("has 0 bytes") == true)
        let wrong = try folder.write(records([[1], [10]]), to: "data_batch_2.bin")
        #expect(error(wrong)?.contains("record 1 (from 0) has the label 10") == true)
        let coarse = try folder.write(records([[20, 1]]), to: "test.bin")
        #expect(error(coarse)?.contains("has the label 20, and there are 20 classes") == true)
        let odd = try folder.write([1, 2], to: "odd.dat")
        #expect(error(odd)?.contains("by its size of 2 bytes") == true)
        #expect(error(folder.path)?.contains("of CIFAR-10 and of CIFAR-100") == true)
        #expect(error("/dev/zero")?.contains("/dev/zero: ") == true)
    }

    @Test func filesTruncatedLaterAreErrorsOfTheirImages() throws {
        let path = try folder.write(records([[1], [2]]), to: "test_batch.bin")
        let set = try LabeledImages.open(path: path)
        #expect(truncate(path, 4000) == 0)
        #expect(try set[0].decode(applyingOrientation: true).width == 32)
        #expect(throws: ImageError.truncated(path: path, byteCount: 4000)) {
            try set[1].decode(applyingOrientation: true)
        }
    }
}
