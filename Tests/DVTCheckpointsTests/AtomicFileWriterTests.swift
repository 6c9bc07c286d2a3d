import DVTCore
import DVTSupport
import Foundation
import Testing

@testable import DVTCheckpoints

@Suite struct AtomicFileWriterTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private let tensor = Tensor([1], values: [1])

    @Test func noTemporaryFileRemains() throws {
        try SafetensorsWriter.write([("x", tensor)], to: folder.path + "/model")
        try SafetensorsWriter.write([("y", tensor)], to: folder.path + "/model")
        #expect(try folder.names == ["model"])
    }

    @Test func anUnfinishedWriterKeepsTheOldFile() throws {
        let path = try folder.file([7], named: "model")
        do {
            let writer = try AtomicFileWriter(path: path)
            try writer.append([1, 2, 3])
            #expect(try folder.names.count == 2)
        }
        #expect(try folder.names == ["model"])
        #expect(try bytes(at: path) == [7])
    }

    /// A folder created meanwhile makes the rename fail.
    @Test func theTemporaryFileIsRemovedWhenTheRenameFails() throws {
        let path = folder.path + "/model"
        let error = #expect(throws: FileError.self) {
            let writer = try AtomicFileWriter(path: path)
            #expect(mkdir(path, 0o700) == 0)
            try writer.commit()
        }
        #expect(error == FileError(path: path, operation: .write, cause: .system(code: EISDIR)))
        try expectOneLine(#require(error), naming: path)
        #expect(try folder.names == ["model"])
    }

    @Test func foldersAndDevicesAreNotReplaced() {
        for path in [folder.path, "/dev/null"] {
            let error = #expect(throws: FileError.self) {
                try SafetensorsWriter.write([("x", tensor)], to: path)
            }
            #expect(error == FileError(path: path, operation: .write, cause: .notRegularFile))
        }
    }

    @Test func aMissingFolderIsAnError() {
        let path = folder.path + "/missing/model"
        let error = #expect(throws: FileError.self) {
            try SafetensorsWriter.write([("x", tensor)], to: path)
        }
        #expect(error == FileError(path: path, operation: .write, cause: .system(code: ENOENT)))
    }

    @Test func aSymbolicLinkKeepsPointingAtTheFile() throws {
        let path = try folder.file([7], named: "model")
        #expect(symlink("model", folder.path + "/link") == 0)
        try SafetensorsWriter.write([("x", tensor)], to: folder.path + "/link")
        #expect(try SafetensorsFile(path: path).tensor(named: "x") == tensor)
        #expect(try folder.names == ["link", "model"])
    }

    @Test func aNameAsLongAsTheSystemAllowsIsWritten() throws {
        let name = String(repeating: "n", count: 255)
        try SafetensorsWriter.write([("x", tensor)], to: folder.path + "/" + name)
        #expect(try folder.names == [name])
    }

    @Test func namesThatCannotBeWrittenAreRefusedBeforeAnyFile() throws {
        let path = folder.path + "/model"
        for (names, expected) in [
            (["x", "x"], .repeatedName("x")), (["\u{E9}", "e\u{301}"], .repeatedName("é")),
            (["__metadata__"], .reservedName),
        ] as [([String], SafetensorsError.Problem)] {
            let error = #expect(throws: SafetensorsError.self) {
                try SafetensorsWriter.write(names.map { ($0, tensor) }, to: path)
            }
            #expect(error?.problem == expected)
            try expectOneLine(#require(error), naming: path)
        }
        #expect(try folder.names.isEmpty)
    }

    @Test func aHeaderAboveTheLimitIsRefused() throws {
        func header(limit: Int) throws -> [UInt8] {
            try SafetensorsWriter.encodedHeader(
                [("x", tensor.shape)], metadata: ["k": "v"], as: .float16, byteLimit: limit)
        }
        #expect(try header(limit: 80).count == 80)
        let error = #expect(throws: SafetensorsError.Problem.self) { try header(limit: 79) }
        #expect(error == .headerTooLongToWrite(length: 80, limit: 79))
    }
}
