import DVTSupport

/// The classes of ImageNet's validation images (ILSVRC2012), from the development kit.
///
/// The kit numbers classes from 1 in an order of its own, so its list of numbers needs its list of
/// synsets. Lists of other numberings look alike; both are therefore compared with numbers that are
/// known of the kit's.
struct ILSVRCValidation {
    /// The name of an image without its number and extension.
    static let imagePrefix = "ILSVRC2012_val_"

    /// Whether a name is that of a validation image.
    static func isImageName(_ name: String) -> Bool { name.hasPrefix(imagePrefix) }

    /// The number of validation images; each class has the same number of them.
    static let imageCount = 50_000
    private static let classCount = 1000
    /// The numbers of the first images.
    private static let firstNumbers = [490, 361, 171, 822, 297]
    /// The synsets of the first numbers.
    private static let firstSynsets = [
        "n02119789", "n02100735", "n02110185", "n02096294", "n02102040", "n02066245", "n02509815",
        "n02124075", "n02417914", "n02123394",
    ]
    private static let byteLimit = 1 << 24

    /// The synset of each image, by its number from 1.
    private let synsets: [Substring]

    /// Reads the lists.
    ///
    /// - Parameters:
    ///   - groundTruth: `ILSVRC2012_validation_ground_truth.txt`, a number from 1 per image.
    ///   - synsets: the synset of each number; see ``names(path:)``.
    /// - Throws: ``DataSetError`` if a list cannot be read or is not the kit's.
    init(groundTruth: String, synsets: String) throws(DataSetError) {
        let numbers = try Self.numbers(path: groundTruth)
        let names = try Self.names(path: synsets)
        self.synsets = numbers.map { names[$0 - 1] }
    }

    /// The synset of an image.
    ///
    /// - Parameter name: the file's name, such as `ILSVRC2012_val_00000001.JPEG`.
    /// - Returns: the synset, or nil if it is not the name of a validation image.
    func synset(ofImage name: some StringProtocol) -> Substring? {
        guard name.hasPrefix(Self.imagePrefix),
            let digits = name.dropFirst(Self.imagePrefix.count).split(separator: ".").first,
            digits.utf8.count == 8, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(digits), (1...synsets.count).contains(number)
        else { return nil }
        return synsets[number - 1]
    }

    private static func numbers(path: String) throws(DataSetError) -> [Int] {
        var numbers: [Int] = []
        for (line, text) in try lines(path) {
            guard let number = Int(text), (1...classCount).contains(number) else {
                throw .invalidLine(
                    path: path, line: line,
                    reason:
                        "is \(quoted(String(text), limit: 40)), not a number from 1 to \(classCount)"
                )
            }
            numbers.append(number)
        }
        let perClass = imageCount / classCount
        let counts = Dictionary(grouping: numbers) { $0 }.mapValues(\.count)
        guard numbers.count == imageCount, counts.allSatisfy({ $0.value == perClass }) else {
            throw .damaged(
                path: path,
                reason: """
                    holds \(numbers.count) numbers of \(counts.count) classes; the development \
                    kit's ILSVRC2012_validation_ground_truth.txt holds \(imageCount), each of \
                    1...\(classCount) \(perClass) times
                    """)
        }
        guard numbers.starts(with: firstNumbers) else {
            throw .damaged(
                path: path,
                reason: """
                    begins with \(shownList(numbers.prefix(firstNumbers.count))), and the \
                    development kit's list with \(shownList(firstNumbers)); for another numbering \
                    give a list of lines path,label instead of the folder
                    """)
        }
        return numbers
    }

    /// Reads the synset of each number.
    ///
    /// A line is a synset, whose number is that of the line, or a synset and its number in either
    /// order, and possibly a name, as in `map_clsloc.txt`.
    private static func names(path: String) throws(DataSetError) -> [Substring] {
        var names: [Int: Substring] = [:]
        var place = 0
        for (line, text) in try lines(path) {
            place += 1
            let fields = text.split { $0 == " " || $0 == "\t" || $0 == "," }.prefix(2)
            let (synset, other) = (fields.first(where: isSynset), fields.first { !isSynset($0) })
            let number = fields.count == 1 ? place : other.flatMap { Int($0) }
            guard let synset, let number, (1...classCount).contains(number), names[number] == nil
            else {
                throw .invalidLine(
                    path: path, line: line,
                    reason: """
                        is \(quoted(String(text), limit: 40)); give a synset and its number, \
                        n02119789 1, or the synsets alone in the order of the numbers, each of \
                        1...\(classCount) once
                        """)
            }
            names[number] = synset
        }
        let sorted = names.keys.sorted().compactMap { names[$0] }
        let known = Set(ClassLabels.imageNet1k.imageNetIdentifiers ?? [])
        guard sorted.count == classCount, Set(sorted.map(String.init)) == known else {
            let unknown = sorted.first { !known.contains(String($0)) }
            throw .damaged(
                path: path,
                reason: """
                    holds \(sorted.count) synsets\(unknown.map { ", one of them \($0)" } ?? ""), and \
                    not ImageNet's \(classCount); write them from the development kit's meta.mat
                    """)
        }
        guard sorted.map(String.init).starts(with: firstSynsets) else {
            throw .damaged(
                path: path,
                reason: """
                    begins with \(sorted.prefix(3).joined(separator: ", ")), and the development \
                    kit's order with \(firstSynsets.prefix(3).joined(separator: ", ")); write it \
                    from the kit's meta.mat, where ILSVRC2012_ID gives the number of each WNID
                    """)
        }
        return sorted
    }

    private static func isSynset(_ text: Substring) -> Bool {
        text.utf8.count == 9 && text.hasPrefix("n")
            && text.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }

    /// The lines that are not empty, trimmed, with their numbers from 1.
    private static func lines(_ path: String) throws(DataSetError) -> [(Int, Substring)] {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try readFile(path, limit: byteLimit)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .damaged(path: path, reason: "is not UTF-8 text; give the list itself")
        }
        return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated().compactMap { index, line in
                let words = line.drop(while: \.isWhitespace)
                let last = words.lastIndex { !$0.isWhitespace }
                return last.map { (index + 1, words[...$0]) }
            }
    }

    private static func shownList(_ numbers: some Sequence<Int>) -> String {
        numbers.map(String.init).joined(separator: ", ")
    }
}

extension LabeledImages {
    /// Opens ImageNet's validation images in one folder, labeled by the development kit.
    ///
    /// An image is identified by the number in its name, so the folder may hold a part of the
    /// images, at any depth.
    ///
    /// - Parameters:
    ///   - path: the folder of `ILSVRC2012_val_00000001.JPEG` and so on.
    ///   - groundTruth: `ILSVRC2012_validation_ground_truth.txt`.
    ///   - synsets: the synsets of its numbers, one per line.
    ///   - classes: the model's classes, which must be ImageNet's.
    /// - Returns: the set, sorted by name.
    /// - Throws: ``DataSetError`` if a list is not the kit's, the classes are not ImageNet's, or the
    ///   folder holds other images; ``ImageError`` if the folder cannot be read.
    package static func imageNetValidation(
        path: String, groundTruth: String, synsets: String, classes: ModelClasses
    ) throws -> LabeledImages {
        guard let identifiers = classes.labels?.imageNetIdentifiers else {
            throw DataSetError.invalidFolder(
                path: path,
                reason: """
                    its images have ImageNet's classes, and the classes of the model are others, \
                    or have no names
                    """)
        }
        let validation = try ILSVRCValidation(groundTruth: groundTruth, synsets: synsets)
        let numbers = Dictionary(
            uniqueKeysWithValues: identifiers.enumerated().map {
                ($0.element[...], Int32($0.offset))
            })
        let found = try ImageFiles.search(in: path)
        let labels = try found.paths.map { file in
            let name = file.split(separator: "/").last ?? ""
            guard let label = validation.synset(ofImage: name).flatMap({ numbers[$0] }) else {
                throw DataSetError.invalidFolder(
                    path: file,
                    reason: """
                        is not named as a validation image of ImageNet, \
                        \(ILSVRCValidation.imagePrefix)00000001.JPEG to 00050000, so its class is \
                        unknown; move it elsewhere
                        """)
            }
            return label
        }
        guard !labels.isEmpty else {
            throw DataSetError.empty(
                path: path,
                reason: "give the folder of \(ILSVRCValidation.imagePrefix)00000001.JPEG")
        }
        return LabeledImages(
            origin: path, classes: classes.labels, labels: labels, storage: .files(found.paths),
            problems: found.problems.map(\.description), skipped: found.skipped)
    }
}
