import Glibc
import Testing

@testable import DVTVision

/// Paths that are not image files.
struct ImageFileTests {
    private func error(at path: String) -> ImageError? {
        do throws(ImageError) {
            _ = try ImageDecoder.decode(path: path, applyingOrientation: false)
            return nil
        } catch {
            return error
        }
    }

    @Test func missingFilesAreErrors() throws {
        let path = "\(try TemporaryFolder().path)/none.jpg"
        #expect(error(at: path) == .cannotOpen(path: path, reason: "No such file or directory"))
    }

    @Test func foldersAreErrors() throws {
        let folder = try TemporaryFolder()
        #expect(error(at: folder.path) == .notRegularFile(path: folder.path))
    }

    /// The pipe has no writer, so a blocking reader would wait forever.
    @Test(.timeLimit(.minutes(1)))
    func pipesAreErrors() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/pipe.png"
        #expect(mkfifo(path, 0o600) == 0)
        #expect(error(at: path) == .notRegularFile(path: path))
    }

    @Test func devicesAreErrors() {
        #expect(error(at: "/dev/zero") == .notRegularFile(path: "/dev/zero"))
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func unreadableFilesAreErrors() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([0xFF], to: "secret.jpg")
        chmod(path, 0)
        #expect(error(at: path) == .cannotOpen(path: path, reason: "Permission denied"))
    }

    @Test func emptyFilesAreErrors() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([], to: "empty.png")
        #expect(error(at: path) == .empty(path: path))
    }

    @Test func textUnderAnImageNameIsAnError() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array("no image\n".utf8), to: "text.jpg")
        #expect(error(at: path) == .unknownFormat(path: path, firstBytes: Array("no image\n".utf8)))
        #expect(
            error(at: path)?.description
                == "\(path): begins with 6e 6f 20 69, so it is not "
                + "\(ImageFormat.alternatives); convert it first")
    }

    @Test(arguments: [
        ("BM\u{8}\0\0\0\0\0\0\0\0\0\0\0\u{28}\0\0\0", "ends after 18 bytes"),
        ("GIF89a", "ends after 6 bytes"),
        ("%PDF-1.7", "is a PDF file; give the images in it"),
        ("\0\0\0\u{18}ftypmp42", "begins with 00 00 00 18"),
        ("\n <!DOCTYPE html>", "is an HTML page, not the image"), ("<HTML lang", "is an HTML page"),
        (
            "version https://git-lfs.github.com/spec/v1",
            "is a Git LFS pointer, not the image; run git lfs"
        ),
        ("\0\0\0\0\0\0\0\0", "is filled with zeros"), ("BMW 3 Series", "begins with 42 4d 57 20"),
    ])
    func otherFormatsAreNamed(text: String, problem: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array(text.utf8), to: "a.jpg")
        let description = try #require(error(at: path)?.description)
        #expect(description.hasPrefix("\(path): \(problem)"), "\(description)")
    }

    /// A sparse file takes no space on disk and must take none in memory.
    @Test func hugeSparseFilesAreErrors() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([0xFF, 0xD8, 0xFF, 0xE0], to: "sparse.jpg")
        #expect(truncate(path, 1 << 40) == 0)
        #expect(
            error(at: path)
                == .fileTooLarge(path: path, byteCount: 1 << 40, limit: ImageFileReader.byteLimit))
        let text = try folder.write([0x41], to: "sparse.txt")
        #expect(truncate(text, 1 << 40) == 0)
        #expect(
            error(at: text)
                == .unknownFormat(path: text, firstBytes: [0x41] + Array(repeating: 0, count: 31)))
    }

    @Test func namesAreEscapedForTerminals() throws {
        let name = "a\nb\r\n\u{1B}[31mc\u{9B}d\u{2028}e\u{202E}f\u{7F}\t\u{0}.jpg"
        let error = ImageError.empty(path: name)
        #expect(isOneLine(error.description))
        #expect(error.description.hasPrefix("a\\nb\\r\\n\\u{1B}[31mc\\u{009B}d\\u{2028}e"))
    }

    @Test func everyErrorIsOneLineThatNamesItsFile() {
        let errors: [ImageError] = [
            .cannotOpen(path: "p\n", reason: "r\n"), .notRegularFile(path: "p\n"),
            .cannotRead(path: "p\n", reason: "r\n"),
            .fileTooLarge(path: "p\n", byteCount: 2, limit: 1), .empty(path: "p\n"),
            .unknownFormat(path: "p\n", firstBytes: [1]),
            .tooManyPixels(path: "p\n", width: 1, height: 2, limit: 1),
            .unjustifiedSize(path: "p\n", width: 1, height: 2, needed: 9, byteCount: 8),
            .truncated(path: "p\n", byteCount: 3),
            .damaged(path: "p\n", format: "PNG", reason: "r\n"),
            .unsupported(path: "p\n", reason: "r\n"), .nameNotUTF8(path: "p\n"),
            .noImages(path: "p\n", skipped: nil),
            .invalidList(path: "p\n", reason: "line 1 is not a path"),
        ]
        for error in errors {
            #expect(error.description.hasPrefix("p\\n: ") && error.description.count > 20)
            #expect(isOneLine(error.description))
            #expect(error.path == "p\n")
        }
    }
}
