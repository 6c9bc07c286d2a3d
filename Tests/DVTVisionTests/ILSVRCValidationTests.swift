import Testing

@testable import DVTVision

/// ImageNet's validation images in one folder.
@Suite struct ILSVRCValidationTests {
    private let folder: TemporaryFolder
    private static let known = ClassLabels.imageNet1k.imageNetIdentifiers ?? []
    /// The kit's first synsets, then the others in an order of the test's own.
    private static let synsets: [String] = {
        let first = [
            "n02119789", "n02100735", "n02110185", "n02096294", "n02102040", "n02066245",
            "n02509815", "n02124075", "n02417914", "n02123394",
        ]
        return first + known.filter { !first.contains($0) }.reversed()
    }()
    /// The numbers of the kit's first images, then each number up to 50 times.
    private static let numbers: [Int] = {
        let first = [490, 361, 171, 822, 297]
        return first
            + (0..<50).flatMap { round in
                (1...1000).filter { round > 0 || !first.contains($0) }
            }
    }()

    init() throws {
        folder = try TemporaryFolder()
        folder.makeFolder("val")
    }

    private func write(_ lines: [String], to name: String) throws -> String {
        try folder.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: name)
        return "\(folder.path)/\(name)"
    }

    private func open(
        numbers: [Int] = numbers, synsets: [String] = synsets,
        classes: ClassLabels? = .imageNet1k
    ) throws -> LabeledImages {
        try LabeledImages.imageNetValidation(
            path: "\(folder.path)/val",
            groundTruth: write(numbers.map(String.init), to: "truth.txt"),
            synsets: write(synsets, to: "synsets.txt"), classes: ModelClasses(classes))
    }

    private func error(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return "\(error)".replacing(folder.path, with: "ROOT")
        }
    }

    @Test func imagesAreLabeledByTheNumbersInTheirNames() throws {
        // A part of the images: the first, the fourth and the last.
        for number in ["00000001", "00000004", "00050000"] {
            try folder.write([], to: "val/ILSVRC2012_val_\(number).JPEG")
        }
        let expected = [490, 822, 1000].map { Self.synsets[$0 - 1] }
        for synsets in [
            Self.synsets, Self.synsets.enumerated().map { "\($0.element) \($0.offset + 1) a_name" },
            Self.synsets.enumerated().reversed().map { "\($0.offset + 1)\t\($0.element)\r" },
        ] {
            let set = try open(synsets: synsets)
            #expect(set.map { Self.known[$0.label] } == expected)
            #expect(set.classes == .imageNet1k && set.assumption == nil)
        }
        // With a background class first.
        let shifted = try open(classes: .imageNet1001)
        #expect(shifted.map { Self.known[$0.label - 1] } == expected)
    }

    @Test func otherListsAreRefused() throws {
        try folder.write([], to: "val/ILSVRC2012_val_00000001.JPEG")
        let cases: [(numbers: [Int], synsets: [String], expected: String)] = [
            (Array(Self.numbers.dropLast()), Self.synsets, "holds 49999 numbers of 1000 classes"),
            (Self.numbers.map { $0 - 1 }, Self.synsets, "line 6 is \"0\", not a number"),
            (
                Self.numbers.sorted(), Self.synsets,
                "begins with 1, 1, 1, 1, 1, and the development kit's list with 490, 361, 171"
            ),
            (Self.numbers, Self.known, "begins with n01440764, n01443537, n01484850, and the"),
            (Self.numbers, Array(Self.synsets.dropLast()), "holds 999 synsets, and not"),
            (Self.numbers, Self.synsets.dropLast() + ["n00000000"], "one of them n00000000"),
            (Self.numbers, ["kit fox"], "line 1 is \"kit fox\"; give a synset and its number"),
            (Self.numbers, ["n02119789 1", "n02100735 1"], "line 2 is \"n02100735 1\"; give"),
            (Self.numbers, ["n02119789 99999999999999999999"], "line 1 is "),
        ]
        for (numbers, synsets, expected) in cases {
            let found = error { _ = try open(numbers: numbers, synsets: synsets) }
            #expect(found.contains(expected), "\(found)")
        }
    }

    @Test func otherImagesAndClassesAreRefused() throws {
        #expect(error { _ = try open() }.hasPrefix("ROOT/val: holds no labeled image"))
        #expect(
            error { _ = try open(classes: .cifar10) }.contains(
                "the classes of the model are others")
        )
        try folder.write([], to: "val/ILSVRC2012_val_00050001.JPEG")
        #expect(
            error { _ = try open() }.hasPrefix(
                "ROOT/val/ILSVRC2012_val_00050001.JPEG: is not named as a validation image"))
    }

    /// The lists are named where a flat folder or the list of numbers is given by itself.
    @Test func theListsAreNamedWhereTheyAreMissing() throws {
        try folder.write([], to: "val/ILSVRC2012_val_00000001.JPEG")
        let flat = error { _ = try LabeledImages.open(path: "\(folder.path)/val") }
        #expect(flat.contains("(dvt evaluate --ground-truth, --synsets)"), "\(flat)")
        let list = try write(["490", "361", "171"], to: "truth.txt")
        let numbers = error { _ = try LabeledImages.open(path: list) }
        #expect(numbers.contains("line 1 has 1 field") && numbers.contains("--ground-truth"))
    }
}
