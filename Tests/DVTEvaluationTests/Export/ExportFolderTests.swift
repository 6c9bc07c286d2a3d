import DVTTestSupport
import Foundation
import Testing

@testable import DVTExport

@Suite struct ExportFolderTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private var path: String { "\(folder.path)/out" }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    private func write(
        _ entries: [(name: String, text: String)], to path: String, replacing: Bool = false
    ) throws {
        let files = try ExportFolder(path: path, replacing: replacing)
        for (name, text) in entries {
            try text.write(toFile: files.file(name), atomically: false, encoding: .utf8)
        }
        #expect(files.files == entries.map { "\(path)/\($0.name)" })
        try files.commit()
    }

    @Test func foldersAppearWhole() throws {
        do {
            let files = try ExportFolder(path: path, replacing: false)
            try "text".write(toFile: files.file("a/b"), atomically: false, encoding: .utf8)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
        // What is not committed is removed.
        #expect(try names(folder.path).isEmpty)
        try write([("a/b", "1"), ("c", "2")], to: path)
        #expect(try names(path) == ["a", "c"] && names("\(path)/a") == ["b"])
        #expect(try names(folder.path) == ["out"])
    }

    @Test func existingFilesAreKeptUnlessReplaced() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        // An empty folder is as good as none.
        try write([("a/b", "1"), ("c", "2")], to: path)
        let error = ExportError.exists(path: path)
        #expect(throws: error) { try write([("c", "3")], to: path) }
        #expect(error.description.contains("--replace"))
        try write([("a/d", "4"), ("c", "3")], to: path, replacing: true)
        #expect(try names(path) == ["a", "c"] && names("\(path)/a") == ["b", "d"])
        #expect(try String(contentsOfFile: "\(path)/c", encoding: .utf8) == "3")
        #expect(try names(folder.path) == ["out"])
        // A file is not a folder.
        let file = "\(path)/c"
        #expect(throws: ExportError.exists(path: file)) {
            try write([("d", "5")], to: file, replacing: true)
        }
    }

    /// A folder that appears meanwhile is not replaced.
    @Test func otherProgramsFoldersAreKept() throws {
        #expect(throws: ExportError.exists(path: path)) {
            let files = try ExportFolder(path: path, replacing: false)
            try "1".write(toFile: files.file("a"), atomically: false, encoding: .utf8)
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
            try "2".write(toFile: "\(path)/b", atomically: false, encoding: .utf8)
            try files.commit()
        }
        #expect(try names(path) == ["b"] && names(folder.path) == ["out"])
    }
}
