import Foundation
import Glibc
import Testing

@testable import DVTVision

/// One folder per class.
@Suite struct ImageFolderTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func write(_ names: String...) throws {
        for name in names {
            let parts = name.split(separator: "/")
            for count in 1..<parts.count {
                folder.makeFolder(parts.prefix(count).joined(separator: "/"))
            }
            try folder.write([], to: name)
        }
    }

    private func error(split: String? = nil) -> String? {
        do {
            _ = try LabeledImages.open(path: folder.path, split: split)
            return nil
        } catch {
            return "\(error)".replacing(folder.path, with: "ROOT")
        }
    }

    @Test func classesAreCountedByName() throws {
        try write(
            "dog/b.jpg", "dog/a.PNG", "cat/deep/x.webp", "Zebra/1.jpeg", "dog/readme.txt",
            "top.jpg",
            ".git/x.jpg")
        let set = try LabeledImages.open(path: folder.path)
        #expect(set.classes?.names == ["Zebra", "cat", "dog"])
        #expect(
            contents(set, below: folder) == [
                "Zebra/1.jpeg 0", "cat/deep/x.webp 1", "dog/a.PNG 2", "dog/b.jpg 2",
            ])
        #expect(set.problems.isEmpty && set.count == 4)
        #expect(
            set.assumption
                == "\(folder.path): the model's classes have no names, so classes follow the order "
                + "of the folder names: \"Zebra\" is class 0; \"cat\" is class 1; \"dog\" is class 2"
        )
    }

    /// Shards depend on the names below the set's folder only.
    @Test func shardsDivideASet() throws {
        let names = (0..<40).map { "\($0 % 2 == 0 ? "a" : "b")/\($0).jpg" }
        for name in names { try write(name, "other/\(name)") }
        func shards(_ path: String) throws -> [[String]] {
            let set = try LabeledImages.open(path: path)
            return (0..<3).map { index in
                set.shard(index, of: 3).map { String($0.name.dropFirst(path.count + 1)) }
            }
        }
        let parts = try shards(folder.path + "/other")
        #expect(parts.flatMap { $0 }.sorted() == names.sorted())
        #expect(parts.allSatisfy { (5...22).contains($0.count) })
        try FileManager.default.removeItem(atPath: folder.path + "/other")
        #expect(try shards(folder.path) == parts)
    }

    @Test func foldersMatchTheModelsClasses() throws {
        try write("Cat/a.jpg", "dog/b.jpg", "ice-cream/c.jpg", "n/d.jpg", "ice/e.jpg")
        let classes = ClassLabels(["ice_cream", "dog", "bird", "cat", "ice", "ICE"])
        let set = try LabeledImages.open(path: folder.path, classes: ModelClasses(classes))
        #expect(
            contents(set, below: folder) == [
                "Cat/a.jpg 3", "dog/b.jpg 1", "ice/e.jpg 4", "ice-cream/c.jpg 0",
            ])
        #expect(set.classes == classes && set.assumption == nil)
        #expect(
            set.problems == [
                "\(folder.path): 1 folder matches no class of the model and is ignored: \"n\""
            ])
    }

    @Test func foldersOfImageNetAreRecognized() throws {
        try write("n02123045/a.jpg", "tench/b.jpg", "n15075141/c.jpg")
        for (classes, first) in [(ClassLabels.imageNet1k, 0), (.imageNet1001, 1)] {
            let set = try LabeledImages.open(path: folder.path, classes: ModelClasses(classes))
            #expect(set.map(\.label) == [281, 999, 0].map { $0 + first })
            #expect(set.problems.isEmpty && set.assumption == nil)
        }
    }

    @Test func mismatchedNamesAreReportedOnce() throws {
        try write("a/x.jpg", "b/y.jpg")
        let set = try LabeledImages.open(
            path: folder.path, classes: ModelClasses(ClassLabels(["cat", "dog"])))
        #expect(set.map(\.label) == [0, 1] && set.classes?.names == ["a", "b"])
        #expect(
            set.assumption
                == "\(folder.path): none of its folders is named after a class of the model, "
                + "so classes follow the order of the folder names: \"a\" is class 0, cat; "
                + "\"b\" is class 1, dog")
    }

    /// Sorted as text, "10" would be class 2.
    @Test func numbersAreClassNumbers() throws {
        let names = (0..<12).map(String.init)
        for name in names { try write("\(name)/x.jpg") }
        for classes in [nil, ClassLabels((0..<12).map { "class \($0)" })] {
            let set = try LabeledImages.open(
                path: folder.path, classes: ModelClasses(classes, count: 12))
            #expect(set.map { "\($0.label)" } == names.sorted() && set.problems.isEmpty)
            #expect(set.classes?.names == classes?.names ?? names)
            #expect(set.assumption?.contains("; \"2\" is class 2") == true)
        }
        let sorted = try LabeledImages.open(
            path: folder.path, classes: ModelClasses(count: 12, numbering: .sorted))
        #expect(sorted.map(\.label) == Array(0..<12) && sorted.classes?.names[2] == "10")
        #expect(sorted.assumption?.contains("\"10\" is class 2 ... \"9\" is class 11") == true)
    }

    /// Without a model, as in training, classes are in the order of the numbers.
    @Test func aSubsetOfNumbersKeepsItsClasses() throws {
        try write("007/a.jpg", "10/b.jpg", "2/c.jpg")
        let set = try LabeledImages.open(path: folder.path, classes: ModelClasses(count: 1000))
        #expect(set.map(\.label) == [7, 10, 2] && set.classes?.names[7] == "007")
        let own = try LabeledImages.open(path: folder.path)
        #expect(own.map(\.label) == [1, 2, 0] && own.classes?.names == ["2", "007", "10"])
    }

    @Test func numbersOutsideTheModelAreRefused() throws {
        try write("1/a.jpg", "2/b.jpg")
        #expect(throws: DataSetError.self) {
            try LabeledImages.open(path: folder.path, classes: ModelClasses(count: 2))
        }
        try write("02/c.jpg")
        #expect(error()?.contains("\"02\" and \"2\", which are the same number") == true)
    }

    @Test func aPartIsNamed() throws {
        try write("train/cat/a.jpg", "test/cat/b.jpg", "test/dog/c.jpg")
        let set = try LabeledImages.open(path: folder.path, split: "test")
        #expect(contents(set, below: folder) == ["test/cat/b.jpg 0", "test/dog/c.jpg 1"])
        #expect(error() == "ROOT: has the parts test, train; name one of them")
        #expect(error(split: "val") == "ROOT: has no part \"val\"; there are test, train")
    }

    @Test func partsBesideOtherFoldersAreParts() throws {
        try write("Train/cat/a.jpg", "val/cat/b.jpg", "labels/readme.txt")
        #expect(error() == "ROOT: has the parts Train, val; name one of them")
        let set = try LabeledImages.open(path: folder.path, split: "val")
        #expect(contents(set, below: folder) == ["val/cat/b.jpg 0"])
        #expect(error(split: "test")?.contains("there are Train, val") == true)
    }

    @Test func aSinglePartNeedsNoName() throws {
        try write("val/cat/b.jpg")
        #expect(try LabeledImages.open(path: folder.path).count == 1)
    }

    /// A part and a class may both be called "train".
    @Test func aClassMayHaveTheNameOfAPart() throws {
        try write("train/a.jpg", "ship/b.jpg")
        let set = try LabeledImages.open(path: folder.path)
        #expect(set.classes?.names == ["ship", "train"])
    }

    @Test func aClassWithoutImagesKeepsItsNumber() throws {
        try write("a/x.txt", "b/y.jpg")
        let set = try LabeledImages.open(path: folder.path)
        #expect(contents(set, below: folder) == ["b/y.jpg 1"])
        #expect(
            set.problems == [
                "\(folder.path)/a: holds no labeled image: its class keeps its number"
            ])
    }

    @Test func setsWithoutImagesAreRefused() throws {
        #expect(
            error()
                == "ROOT: holds no labeled image: it has no folder; put the images of each class in one"
        )
        try write("a/x.txt")
        #expect(error()?.contains("no folder in it has a JPEG") == true)
        #expect(throws: DataSetError.self) { try LabeledImages.open(path: folder.path + "/none") }
    }

    /// Creates an entry whose name is 0xFF and a text.
    private func makeUnnameable(_ suffix: String, in name: String, isFolder: Bool) {
        let path = Array("\(folder.path)/\(name)/".utf8) + [0xFF] + Array(suffix.utf8) + [0]
        path.withUnsafeBytes {
            guard let path = $0.bindMemory(to: CChar.self).baseAddress else { return }
            if isFolder { mkdir(path, 0o700) } else { close(creat(path, 0o600)) }
        }
    }

    @Test func namesThatAreNotUTF8DoNotEndTheScan() throws {
        try write("a/x.jpg", "b/y.jpg")
        makeUnnameable(".jpg", in: "a", isFolder: false)
        makeUnnameable(".jpg", in: ".", isFolder: false)
        makeUnnameable("", in: "b", isFolder: true)
        let set = try LabeledImages.open(path: folder.path)
        #expect(contents(set, below: folder) == ["a/x.jpg 0", "b/y.jpg 1"])
        #expect(set.problems.count == 3)
        #expect(set.problems.allSatisfy { isOneLine($0) && $0.contains("not UTF-8") })
    }

    /// Skipping the class would change the numbers of later classes.
    @Test func classNamesMustBeUTF8() throws {
        try write("a/x.jpg")
        makeUnnameable("", in: ".", isFolder: true)
        #expect(error()?.contains("has a name that is not UTF-8; rename the file") == true)
    }

    @Test func unreadableImagesAreReportedByTheLoader() throws {
        try write("a/x.jpg", "b/y.jpg")
        symlink("nowhere", "\(folder.path)/b/z.jpg")
        let set = try LabeledImages.open(path: folder.path)
        let loader = ImageLoader(set, preprocessing: .init(shorterSide: 8, imageSize: 8))
        var loaded: [LoadedImage] = []
        while let image = loader.next() { loaded.append(image) }
        #expect(loaded.map(\.path) == set.map(\.name))
        #expect(loaded.map(\.label) == [0, 1, 1])
        #expect(loaded.allSatisfy { if case .failure = $0.result { true } else { false } })
    }
}
