import Foundation
import Glibc
import Testing

@testable import DVTVision

/// The part of a set that tests compare.
private func contents(_ set: LabeledImages, below folder: TemporaryFolder) -> [String] {
    set.map { "\($0.name.dropFirst(folder.path.count + 1)) \($0.label)" }
}

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

/// CSV files of images and classes.
@Suite struct CSVSetTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func open(_ text: String, classes: ClassLabels? = nil) throws -> LabeledImages {
        let path = try folder.write(Array(text.utf8), to: "set.csv")
        return try LabeledImages.open(path: path, classes: ModelClasses(classes))
    }

    private func error(_ bytes: [UInt8], classes: ClassLabels? = nil) throws -> String {
        let path = try folder.write(bytes, to: "set.csv")
        do {
            _ = try LabeledImages.open(path: path, classes: ModelClasses(classes))
            return ""
        } catch {
            return "\(error)".replacing(path, with: "SET")
        }
    }

    @Test(arguments: [
        "a.jpg,3\nb/c d.png,0\n", "a.jpg,3\r\nb/c d.png,0",
        "\u{FEFF}path,label\na.jpg,3\n\nb/c d.png,0\n",
        "\"a.jpg\",\"3\"\n\"b/c d.png\",0\n", "id,Label,File\n7,3,a.jpg\n8,0,b/c d.png\n",
        "ImageId,Class\na.jpg,3\nb/c d.png,0", "image_id,target\na.jpg,3.0\nb/c d.png,0.0\n",
        "image_path,label\na.jpg, 3\nb/c d.png ,\t0\n",
        "Image Name;Class ID\na.jpg;3\nb/c d.png;0\n",
        "a.jpg\t3\nb/c d.png\t0\n", "a.jpg 3\nb/c d.png   0\n", "foo,bar\na.jpg,3\nb/c d.png,0\n",
        "3,a.jpg\n0,b/c d.png\n", "what,x\n3,a.jpg\n0,b/c d.png\n",
        "path label\na.jpg 3\nb/c d.png 0",
        "a.jpg, \"3\" \n\"b/c d.png\" ,0\n", "index,Image,y,Label\n1,a.jpg,9,3\n2,b/c d.png,9,0\n",
    ])
    func numbersAreLabels(text: String) throws {
        let set = try open(text)
        #expect(contents(set, below: folder) == ["a.jpg 3", "b/c d.png 0"])
        #expect(set.classes == nil)
    }

    /// Lists of identifiers omit the extension, as Kaggle's for ImageNet, whose labels have boxes.
    @Test func identifiersAreImages() throws {
        try folder.write([], to: "val_1.JPEG")
        let text =
            "ImageId,PredictionString\nval_1,n02123045 85 1 499 272 \nval_2,n01440764 1 2 3 4 "
            + "n01440764 5 6 7 8 \n"
        let set = try open(text, classes: .imageNet1k)
        #expect(contents(set, below: folder) == ["val_1.JPEG 281", "val_2.JPEG 0"])
        #expect(try open("image,3\nimg,4\n").map(\.label) == [3, 4])
        let plain = try open("val_1,cat\nval_2,dog\n")
        #expect(contents(plain, below: folder) == ["val_1.JPEG 0", "val_2.JPEG 1"])
    }

    /// The endings of lists, and Caffe's `val.txt`.
    @Test(arguments: ["val.txt", "val.TSV", "a.CSV"]) func listsHaveSeveralEndings(name: String)
        throws
    {
        let path = try folder.write(Array("n/a.JPEG 65\nn/b.JPEG 970\n".utf8), to: name)
        #expect(try LabeledImages.open(path: path).map(\.label) == [65, 970])
    }

    @Test(arguments: [
        "foo,bar\nval_1,3\n", "foo,bar\nval_1,cat\n", "a.jpg,3,x\nb.jpg,4,x\n",
        "image.path,kind\na.jpg,cat\n",
        "file,a,b\na.jpg,1,2\n", "3,val_1\n4,val_2\n", "a.jpg,b.png\nc.jpg,d.png\n",
    ])
    func doubtfulListsShowTheirFirstLines(text: String) throws {
        let line = try error(Array(text.utf8))
        let first = text.split(separator: "\n")[0].split(separator: ",").map { "\"\($0)\"" }
        #expect(line.hasPrefix("SET: line 1 does not show which columns are path and label"))
        #expect(line.contains("as read: " + first.joined(separator: " | ")), "\(line)")
        #expect(isOneLine(line))
    }

    @Test func separatorsInDoubtAreRefused() throws {
        #expect(
            try error(Array("a,b;c\n".utf8)).contains("separated by commas, tabs or semicolons"))
        #expect(try open("a,b.jpg;3\nc,d.jpg;4\n").map(\.label) == [3, 4])
    }

    @Test func namesAreLabels() throws {
        let text = "x.jpg,dog\n/y.jpg,cat\n\"a,\"\"b\"\"\n.jpg\",dog\n"
        let set = try open(text)
        #expect(set.classes?.names == ["cat", "dog"] && set.map(\.label) == [1, 0, 1])
        #expect(
            set.map(\.name) == [
                "\(folder.path)/x.jpg", "/y.jpg", "\(folder.path)/a,\"b\"\n.jpg",
            ])
        let given = try open(text, classes: ClassLabels(["dog", "bird", "cat"]))
        #expect(given.map(\.label) == [0, 2, 0])
        #expect(try open("a.jpg,n02123045\n", classes: .imageNet1k).map(\.label) == [281])
    }

    @Test(arguments: [
        ("", "holds no labeled image: give a line path,label"),
        ("path,label\n", "holds no labeled image"),
        ("a.jpg\n", "line 1 has 1 field; a path and a label are needed"),
        ("a.jpg,1\nb.jpg,\n", "line 2 has no path or no label"),
        ("a.jpg,1\n,2\n", "line 2 has no path or no label"),
        ("a.jpg,1\nb\u{0}.jpg,2\n", "line 2 has no path or no label"),
        ("a.jpg,1\nb.jpg,cat\n", "line 2 has the label \"cat\"; give a number below 16777216"),
        ("a.jpg,1\nb.jpg,-1\n", "line 2 has the label \"-1\""),
        ("a.jpg,cat\nb.jpg,1\n", "line 2 has the label \"1\"; give a name, as in the first line"),
        ("a.jpg,99999999999999999999\n", "line 1 has the label"),
        ("a.jpg,3.5\n", "line 1 has the label \"3.5\"; give a number"),
        ("a.jpg,3\nb.jpg\n", "line 2 has 1 field, the first 2"),
        ("\"a\nb.jpg\",1\nc.jpg,\"2\n", "line 3 opens a quote that is never closed"),
        ("a.jpg,1\nb\"c.jpg,2\n", "line 2 has a quote within a field"),
        ("\"a\"b.jpg,2\n", "line 1 has a quote within a field"),
    ])
    func malformedLinesAreRefused(text: String, reason: String) throws {
        let line = try error(Array(text.utf8))
        #expect(line.hasPrefix("SET: ") && line.contains(reason))
        #expect(isOneLine(line))
    }

    @Test func otherClassesAndEncodingsAreRefused() throws {
        let classes = ClassLabels(["cat", "dog"])
        #expect(
            try error(Array("a.jpg,bird\n".utf8), classes: classes)
                == "SET: line 1 has the label \"bird\"; give the name of a class")
        #expect(
            try error(Array("a,2\n".utf8), classes: classes).contains(
                "a number below 2"))
        #expect(try error([0x61, 0x2C, 0xE9, 0x0A]).contains("line 1 is not UTF-8"))
        let path = try folder.write([0x61], to: "large.csv")
        #expect(truncate(path, 1 << 40) == 0)
        #expect(throws: DataSetError.self) { try LabeledImages.open(path: path) }
        #expect(throws: DataSetError.unknownSplit(path: path, split: "test", splits: [])) {
            try LabeledImages.open(path: path, split: "test")
        }
    }

    /// Every prefix is read or gives a one-line error.
    @Test func everyPrefixIsReadOrRefused() throws {
        let text = Array("\u{FEFF}path,label\r\n\"a\"\"b\",\"é\"\r\n\r\nc,d\n".utf8)
        for count in 0...text.count {
            let line = try error(Array(text.prefix(count)))
            #expect(isOneLine(line))
        }
    }
}
