import Glibc
import Testing

@testable import DVTVision

/// Finding images in folders.
struct ImageFilesTests {
    private func found(in folder: TemporaryFolder) throws -> [String] {
        try ImageFiles.find(in: folder.path).map { String($0.dropFirst(folder.path.count + 1)) }
    }

    @Test func aFileYieldsItself() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([], to: "any.name")
        #expect(try ImageFiles.find(in: path) == [path])
    }

    @Test func aFolderYieldsItsImagesSortedByBytes() throws {
        let folder = try TemporaryFolder()
        folder.makeFolder("b")
        folder.makeFolder("b/deep")
        folder.makeFolder("empty.jpg")
        let names = [
            "b/deep/x.png", "a.JPG", "b.jpeg", "b/z.Jpg", "B.PNG", "é.jpg", "a b.jpg", "line\n.jpg",
            "b/y.WebP", "c.gif", "d.BMP",
        ]
        for name in names + ["c.txt", "jpg", "webp", "d.jpg.bak", "b/readme"] {
            try folder.write([], to: name)
        }
        #expect(
            try found(in: folder) == [
                "B.PNG", "a b.jpg", "a.JPG", "b.jpeg", "b/deep/x.png", "b/y.WebP", "b/z.Jpg",
                "c.gif",
                "d.BMP",
                "line\n.jpg", "é.jpg",
            ])
    }

    /// The first bytes decide where the extension does not; other files are counted.
    @Test func otherFilesAreCounted() throws {
        let folder = try TemporaryFolder()
        let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0]
        folder.makeFolder(".git")
        for name in ["a", "b.jfif", "c.dat", "._d.jpg", ".e.jpg", ".git/f.jpg"] {
            try folder.write(jpeg, to: name)
        }
        for name in ["g.PSD", "h.psd", "i", "j.\u{1B}[2J"] {
            try folder.write([0x42, 0x4D], to: name)
        }
        #expect(mkfifo("\(folder.path)/k.jpg", 0o600) == 0)
        let search = try ImageFiles.search(in: folder.path)
        #expect(search.paths == ["a", "b.jfif", "c.dat"].map { "\(folder.path)/\($0)" })
        #expect(
            search.skipped.text
                == "2 .psd, 2 hidden, 2 without extension, 1 AppleDouble (._*), 1 not regular files"
        )
        #expect(search.problems.isEmpty)
    }

    @Test func aTrailingSlashIsNotDoubled() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([], to: "a.jpg")
        #expect(try ImageFiles.find(in: folder.path + "/") == [path])
    }

    @Test(.timeLimit(.minutes(1)))
    func cyclicLinksTerminate() throws {
        let folder = try TemporaryFolder()
        folder.makeFolder("a")
        try folder.write([], to: "a/x.jpg")
        symlink("..", "\(folder.path)/a/up")
        symlink("self", "\(folder.path)/self")
        symlink("a", "\(folder.path)/b")
        #expect(try found(in: folder) == ["a/x.jpg"])
    }

    @Test func linksAreFollowed() throws {
        let folder = try TemporaryFolder()
        let other = try TemporaryFolder()
        try other.write([], to: "x.jpg")
        symlink(other.path, "\(folder.path)/link")
        symlink("\(other.path)/x.jpg", "\(folder.path)/y.jpg")
        #expect(try found(in: folder) == ["link/x.jpg", "y.jpg"])
    }

    /// A broken link is listed; loading reports it.
    @Test func brokenLinksAreNotHidden() throws {
        let folder = try TemporaryFolder()
        symlink("nowhere", "\(folder.path)/gone.jpg")
        #expect(try found(in: folder) == ["gone.jpg"])
    }

    @Test func aMissingPathIsAnError() throws {
        let path = "\(try TemporaryFolder().path)/none"
        #expect(
            throws: ImageError.cannotOpen(path: path, reason: "No such file or directory")
        ) { try ImageFiles.find(in: path) }
    }

    @Test func namesThatAreNotUTF8AreErrors() throws {
        let folder = try TemporaryFolder()
        let name = folder.path.utf8CString.dropLast() + [0x2F, -1, 0x2E, 0x6A, 0x70, 0x67, 0]
        let descriptor = Array(name).withUnsafeBufferPointer { name in
            name.baseAddress.map { creat($0, 0o600) } ?? -1
        }
        #expect(descriptor >= 0)
        close(descriptor)
        let problem = ImageError.nameNotUTF8(path: "\(folder.path)/\u{FFFD}.jpg")
        #expect(throws: problem) { try ImageFiles.find(in: folder.path) }
        let path = try folder.write([], to: "a.jpg")
        let search = try ImageFiles.search(in: folder.path)
        #expect(search.paths == [path] && search.problems == [problem])
    }
}
