import Glibc
import Testing

@testable import DVTVision

/// Valid and invalid files of names.
struct LabelFileTests {
    private func names(_ text: String) throws -> [String] {
        try ClassLabels(Array(text.utf8), name: "labels").names
    }

    private func error(_ bytes: [UInt8]) -> LabelError? {
        do throws(LabelError) {
            _ = try ClassLabels(bytes, name: "labels")
            return nil
        } catch {
            return error
        }
    }

    private func error(at path: String) -> LabelError? {
        do throws(LabelError) {
            _ = try ClassLabels(path: path)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["a\nb c\na\n", "a\r\nb c\r\na", "\u{FEFF}a \n\tb c\na\n\n \n"])
    func filesHaveOneNamePerLine(text: String) throws {
        #expect(try names(text) == ["a", "b c", "a"])
    }

    @Test(arguments: [
        #"["a", "b c", "é"]"#, #"{"0": "a", "1": "b c", "2": "é"}"#,
        #" {"2": "\u00e9", "0": "a", "1": "b c"} "#,
        #"{"0": ["n1", "a"], "1": ["n2", "b c"], "2": ["é"]}"#,
        #"{"model_type": "vit", "id2label": {"0": "a", "1": "b c", "2": "é"}, "x": 1}"#,
    ])
    func namesAreReadFromJSON(text: String) throws {
        #expect(try names(text) == ["a", "b c", "é"])
    }

    @Test(arguments: [
        (#"["a", 1]"#, "element 1 is not a name"),
        (#"{"0": "a", "2": "b"}"#, "key \"2\" is not one of the 2 indices from 0"),
        (#"{"tench": "0"}"#, "key \"tench\" is not one of the 1 indices from 0"),
        (#"{"0": "a", "00": "b"}"#, "key \"00\" is not one of the 2 indices from 0"),
        (#"{"-1": "a"}"#, "key \"-1\" is not one of the 1 indices from 0"),
        (#"{"0": null}"#, "the value of \"0\" is not a name"),
        (#"{"0": []}"#, "the value of \"0\" is not a name"),
        (#"{"id2label": 3}"#, "\"id2label\" is not an object"),
        (#"{"0": "a", "0": "b"}"#, "key \"0\" again, at byte 11"),
        (#"["a"] "b""#, "more than one value, at byte 6"),
    ])
    func jsonWithoutClassNamesIsRefused(text: String, reason: String) {
        #expect(error(Array(text.utf8)) == .notLabels(path: "labels", reason: reason))
    }

    /// Every truncation is a one-line error.
    @Test(arguments: [#"{"0": ["n1", "a"], "1": "b"}"#, #"["a", "b"]"#])
    func truncatedJSONIsRefused(text: String) {
        for count in 1..<text.utf8.count {
            let error = error(Array(text.utf8.prefix(count)))
            #expect(error.map { isOneLine($0.description) } == true)
        }
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        #expect(error(deep)?.description.contains("nested deeper than 64") == true)
    }

    @Test(arguments: ["", "\n", " \r\n\n", "\u{FEFF}", "[]", "{}", #"{"id2label": {}}"#])
    func filesWithoutNamesAreRefused(text: String) {
        #expect(error(Array(text.utf8)) == .empty(path: "labels"))
    }

    @Test func emptyLinesAreRefused() {
        #expect(error(Array("a\n\n\nb\n".utf8)) == .emptyLine(path: "labels", line: 2))
    }

    @Test func otherEncodingsAreRefused() {
        #expect(error([0x61, 0x0A, 0xE9, 0x0A]) == .notUTF8(path: "labels", line: 2))
        #expect(error([0xFF, 0xFE, 0x61, 0x00]) == .notUTF8(path: "labels", line: 1))
    }

    @Test func filesAreRead() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array("cat\r\ndog\r\n".utf8), to: "labels.txt")
        #expect(try ClassLabels(path: path) == ClassLabels(["cat", "dog"]))
    }

    @Test func otherPathsAreRefused() throws {
        let folder = try TemporaryFolder()
        let none = "\(folder.path)/none.txt"
        #expect(error(at: none) == .cannotOpen(path: none, reason: "No such file or directory"))
        #expect(error(at: folder.path) == .notRegularFile(path: folder.path))
        #expect(error(at: "/dev/zero") == .notRegularFile(path: "/dev/zero"))
        let large = try folder.write([0x61], to: "large.txt")
        #expect(truncate(large, 1 << 40) == 0)
        #expect(
            error(at: large)
                == .fileTooLarge(path: large, byteCount: 1 << 40, limit: ClassLabels.byteLimit))
    }
}
