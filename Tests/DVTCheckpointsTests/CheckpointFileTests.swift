import DVTCore
import DVTSupport
import Foundation
import Testing

@testable import DVTCheckpoints

/// The file error of opening `path`; also checks the message.
private func openingError(
    _ path: String, sourceLocation: SourceLocation = #_sourceLocation
) -> FileError? {
    do {
        _ = try SafetensorsFile(path: path)
        return nil
    } catch {
        expectOneLine(error, naming: path, sourceLocation: sourceLocation)
        return error as? FileError
    }
}

@Suite struct CheckpointFileTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func onlyRegularFilesAreRead() {
        #expect(openingError(folder.path) == .opening(folder.path, .notRegularFile))
        #expect(openingError("/dev/zero") == .opening("/dev/zero", .notRegularFile))
    }

    /// Opening a pipe without a writer would block forever.
    @Test(.timeLimit(.minutes(1))) func aPipeDoesNotBlock() {
        let path = folder.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        #expect(openingError(path) == .opening(path, .notRegularFile))
    }

    @Test func openingFailuresNameTheReason() throws {
        let missing = folder.path + "/missing"
        #expect(
            openingError(missing)
                == .opening(missing, .system(code: ENOENT)))
        let below = try folder.file([], named: "file") + "/x"
        #expect(openingError(below) == .opening(below, .system(code: ENOTDIR)))
        let loop = folder.path + "/loop"
        #expect(symlink(loop, loop) == 0)
        #expect(
            openingError(loop)
                == .opening(loop, .system(code: ELOOP)))
    }

    /// Root can read every file, so this needs another user.
    @Test(.enabled(if: geteuid() != 0, "permissions do not bind root"))
    func unreadableFilesNameTheReason() throws {
        let path = try folder.file([1])
        #expect(chmod(path, 0) == 0)
        #expect(openingError(path) == .opening(path, .system(code: EACCES)))
    }

    @Test(arguments: [
        ("head.weight", #""head.weight""#), ("", #""""#), (#"a"\b"#, #""a\"\\b""#),
        ("\r\n\u{1B}", #""\r\n\u{1B}""#), ("é日本", #""é日本""#),
        (String(repeating: "e\u{301}", count: 50), "\"\(String(repeating: "é", count: 40))…\""),
    ])
    func namesFromFilesAreQuoted(name: String, expected: String) {
        #expect(quoted(name) == expected)
        #expect(quoted("abc", limit: 3) == "\"abc\"")
    }

    @Test func aPathWithALineBreakStaysOnOneLine() {
        let error = FileError.opening("a\n\u{1B}b", .notRegularFile)
        #expect(
            error.description == """
                "a\\n\\u{1B}b": is not a regular file; give the path of one
                """)
    }

    /// Every later access is an error, not a signal, until the file has its length again.
    @Test func aFileCutAfterOpeningIsAnError() throws {
        let path = folder.path + "/model"
        let values = (0..<10_000).map(Float.init)
        try SafetensorsWriter.write(
            [("a", Tensor([1], values: [1])), ("x", Tensor([10_000], values: values))], to: path)
        let file = try SafetensorsFile(path: path)
        let size = try bytes(at: path).count
        #expect(truncate(path, off_t(size - 1)) == 0)
        for read in [
            { _ = try file.tensor(named: "x") },
            { _ = try file.withUnsafeBytes(ofFloat32: "x") { $0.count } },
        ] {
            let error = #expect(throws: FileError.self) { try read() }
            #expect(error?.path == path && error?.cause == .endedEarly(needed: size))
            try expectOneLine(#require(error), naming: path)
        }
        #expect(try file.tensor(named: "a").values == [1])
        #expect(truncate(path, 0) == 0)
        #expect(throws: FileError.self) { try file.tensor(named: "a") }
    }

    @Test func aReplacedFileIsReadAsItWas() throws {
        let path = folder.path + "/model"
        try SafetensorsWriter.write([("x", Tensor([1], values: [1]))], to: path)
        let file = try SafetensorsFile(path: path)
        try SafetensorsWriter.write([("x", Tensor([1], values: [2]))], to: path)
        #expect(try file.tensor(named: "x").values == [1])
        #expect(try SafetensorsFile(path: path).tensor(named: "x").values == [2])
    }

    @Test func manyThreadsReadOneFile() async throws {
        let path = folder.path + "/model"
        let values = (0..<5_000).map(Float.init)
        try SafetensorsWriter.write([("x", Tensor([5_000], values: values))], to: path)
        let file = try SafetensorsFile(path: path)
        try await withThrowingTaskGroup(of: Tensor.self) { group in
            for _ in 0..<16 { group.addTask { try file.tensor(named: "x") } }
            for try await tensor in group { #expect(tensor.values == values) }
        }
    }
}

extension FileError {
    fileprivate static func opening(_ path: String, _ cause: Cause) -> Self {
        Self(path: path, operation: .open, cause: cause)
    }
}

/// A file's bytes.
func bytes(at path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}
