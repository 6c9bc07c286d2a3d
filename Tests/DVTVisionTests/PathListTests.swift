import Glibc
import Testing

@testable import DVTVision

/// Lists of paths on a pipe.
@Suite struct PathListTests {
    /// The paths and errors of a list that arrives in pieces, each after the path before it.
    private func entries(_ pieces: [[UInt8]]) -> [String] {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return ["no pipe"] }
        defer { close(ends[0]) }
        var list = PathList(descriptor: ends[0], name: "list")
        var found: [String] = []
        for (index, piece) in pieces.enumerated() {
            write(ends[1], piece, piece.count)
            if index == pieces.count - 1 { close(ends[1]) }
            found += next(&list).map { [$0] } ?? []
        }
        return found + rest(of: &list)
    }

    private func entries(_ text: String) throws -> [String] { try entries(Array(text.utf8)) }

    private func entries(_ bytes: [UInt8]) throws -> [String] {
        let folder = try TemporaryFolder()
        let descriptor = open(try folder.write(bytes, to: "list"), O_RDONLY)
        defer { close(descriptor) }
        var list = PathList(descriptor: descriptor, name: "list")
        return rest(of: &list)
    }

    private func rest(of list: inout PathList) -> [String] {
        var found: [String] = []
        while let entry = next(&list) { found.append(entry) }
        return found
    }

    private func next(_ list: inout PathList) -> String? {
        do throws(ImageError) {
            return try list.next()
        } catch {
            return "error: \(error)"
        }
    }

    @Test(arguments: [
        "a b.jpg\n\ncé.png\n", "a b.jpg\r\ncé.png", "a b.jpg\0cé.png\0",
        "\u{FEFF}a b.jpg\ncé.png\n",
        "a b.jpg\0\0cé.png",
    ])
    func linesAndNullsSeparate(text: String) throws {
        #expect(try entries(text) == ["a b.jpg", "cé.png"])
    }

    @Test func pathsBetweenNullsMayHoldAnyOtherCharacter() throws {
        #expect(try entries("a\nb\t.jpg\0c\u{1B}.jpg\0") == ["a\nb\t.jpg", "c\u{1B}.jpg"])
    }

    @Test func otherControlCharactersAreRefused() throws {
        let found = try entries("a\tb.jpg\nc.jpg\n")
        #expect(found.count == 2 && found[1] == "c.jpg")
        #expect(found[0].hasPrefix("error: list: line 1 has the control character 0x09; separate"))
    }

    @Test func pathsArriveInPieces() {
        let pieces = ["a.jpg\nb", "c.jpg\n", "d.jpg"].map { Array($0.utf8) }
        #expect(entries(pieces) == ["a.jpg", "bc.jpg", "d.jpg"])
    }

    @Test func aListOfBothKindsEnds() {
        let found = entries(["a.jpg\n", "b\0c.jpg\n"].map { Array($0.utf8) })
        #expect(found.count == 2 && found[0] == "a.jpg")
        #expect(found[1].contains("is followed by a NUL among lines"))
    }

    @Test(
        arguments: [
            ([0xFF, 0xFE, 0x61, 0x00, 0x0A, 0x00], "list: is UTF-16"),
            ([0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10], "list: is an image"),
            ([0x61, 0xE9, 0x0A], "list: line 1 is not UTF-8"),
            ([UInt8](repeating: 0x61, count: 70000), "list: is longer than 65536 bytes"),
        ] as [([UInt8], String)])
    func otherInputIsRefused(bytes: [UInt8], reason: String) throws {
        let found = try entries(bytes)
        #expect(found.count == 1 && found[0].hasPrefix("error: " + reason), "\(found)")
    }

    @Test func anEmptyListHasNoPaths() throws {
        #expect(try entries("").isEmpty && entries("\n\n").isEmpty)
    }
}
