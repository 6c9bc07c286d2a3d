import Foundation
import Glibc
import Testing

@testable import DVTVision

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
