import Foundation
import Testing

/// `dvt explain`: its records, its pages and its drawings.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct ExplainCommandTests {
    struct Row: Decodable {
        let file: String
        let exit: Int
        let taken: Bool
        let grid: Int
        let confidence: Double
        let multiplyAdds: Int
        let top: [ClassifyRow.Entry]
        let attention: [[Double]]
    }

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func explain(_ arguments: String...) async throws -> ProgramOutput {
        try await dvt(["explain", "--model", "tiny-deit", "--weights", "synthetic:50"] + arguments)
    }

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    /// An image whose name contains markup.
    private func hostile() throws -> String {
        try folder.copy(Fixtures.photo(2), as: #"<b>&"'.jpg"#)
        return "\(folder.path)/<b>&\"'.jpg"
    }

    @Test func recordsAgreeWithClassify() async throws {
        let files = [1, 2, 6].map(Fixtures.photo)
        let run = try await explain("--format", "json", files[0], files[1], files[2])
        let rows = try json(run.output, as: Row.self)
        #expect(rows.map(\.exit) == [0, 1, 2, 0, 1, 2, 0, 1, 2])
        #expect(rows.map(\.grid) == [7, 10, 14, 7, 10, 14, 7, 10, 14])
        for row in rows {
            #expect(row.attention.count == row.grid)
            #expect(row.attention.allSatisfy { $0.count == row.grid })
            #expect(abs(row.attention.flatMap { $0 }.reduce(0, +) - 1) < 1e-9)
            #expect(row.top.count == 5)
        }
        let classified = try await classify(["--format", "json"] + files)
        let expected = try json(classified.output, as: ClassifyRow.self)
        let taken = rows.filter(\.taken)
        #expect(taken.map(\.file) == files)
        #expect(taken.map(\.exit) == expected.map(\.exit))
        #expect(taken.map { $0.top[0].class } == expected.map(\.class))
        #expect(taken.map(\.multiplyAdds) == expected.map(\.multiplyAdds))
    }

    @Test func tablesOmitGrids() async throws {
        let run = try await explain("--exit", "2", "--topk", "1", Fixtures.photo(1))
        let rows = try table(run.output)
        #expect(
            rows[0] == [
                "File", "Exit", "Taken", "Grid", "Confidence", "MMACs", "Top 1", "Most attended",
            ])
        #expect(rows.dropFirst().map { $0[1] } == ["1", "2", "3"])
        #expect(rows.dropFirst().map { $0[2] } == ["no", "yes", "no"])
        #expect(rows[1][7].wholeMatch(of: /row \d, column \d \(\d+\.\d %\)/) != nil)
    }

    @Test(arguments: ["html", "svg"])
    func documentsHaveAPanelForEveryExit(ending: String) async throws {
        let path = "\(folder.path)/out.\(ending)"
        let hostile = try hostile()
        let run = try await explain("--output", path, Fixtures.photo(1), hostile)
        #expect(run.code == 0)
        #expect(run.errors.contains("out.\(ending): 2 images, "))
        let document = Document(try text(path))
        #expect(document.isWellFormed)
        // One image by itself and one under each of three grids.
        #expect(document.count("image") == 2)
        #expect(document.count("use") == 6)
        #expect(document.count("rect", holding: "title") == 2 * (49 + 100 + 196))
        #expect(document.count("b") == 0)
        #expect(document.text.contains(hostile))
        #expect(document.text.contains("untrained"))
        let attributes = document.attributes
        #expect(attributes.contains { $0.hasPrefix("data:image/png;base64,iVBOR") })
        // Nothing is fetched: references point into the document, and the paper is only a link.
        let links = attributes.filter { $0.hasPrefix("http") }
        let link =
            ending == "html" ? "https://arxiv.org/abs/2005.00928" : "http://www.w3.org/2000/svg"
        #expect(links == [link])
        if ending == "html" {
            #expect(document.count("figure") == 8)
            #expect(document.count("figure", class: "panel taken") == 2)
            #expect(document.count("figure", class: "panel unused") == 3)
        }
    }

    /// 51 images: a page of 50 that lists all, and one with the last.
    @Test func manyImagesContinueOnMorePages() async throws {
        for index in 0..<51 {
            try folder.copy(Fixtures.photo(1 + index % 12), as: "set/\(100 + index).jpg")
        }
        let path = "\(folder.path)/all #1.html"
        let run = try await explain("--topk", "1", "--output", path, "\(folder.path)/set")
        let last = "\(folder.path)/all #1-2.html"
        #expect(run.code == 0)
        #expect(run.errors.contains("51 images on 2 pages, to \(last), "), "\(run.errors)")
        let pages = try [path, last].map { Document(try text($0)) }
        #expect(pages.allSatisfy { $0.isWellFormed })
        #expect(pages.map { $0.count("image") } == [50, 1])
        // The first page lists all images, the second its own.
        #expect(pages.map { $0.count("li") } == [51, 1])
        let links = pages.map { page in Set(page.attributes.filter { $0.contains("%20%231") }) }
        #expect(
            links == [["all%20%231-2.html", "all%20%231-2.html#image0-name"], ["all%20%231.html"]])
        #expect(pages[0].attributes.contains("#image49-name"))
        #expect(pages[1].text.contains("150.jpg") && pages[1].text.contains(", page 2"))
    }

    /// The windows of T2T tokens: 14 + 6 * 8, 11 + 6 * 6 and 7 + 6 * 4 pixels.
    @Test(arguments: ["html", "svg"])
    func overlappingTokensAreExplained(ending: String) async throws {
        let path = "\(folder.path)/out.\(ending)"
        let run = try await dvt(
            "explain", "--model", "tiny-t2t", "--weights", "synthetic:1", "--output", path,
            Fixtures.photo(1))
        #expect(run.code == 0, "\(run.errors)")
        let text = Document(try text(path)).text
        for line in [
            "Tokens overlap: a cell shows the place of a token", "a larger window of pixels,",
            "62 × 62 at exit 1, 47 × 47 at exit 2, 31 × 31 at exit 3, mixed with the others",
        ] {
            #expect(text.contains(line), "\(text)")
        }
        let plain = "\(folder.path)/plain.\(ending)"
        #expect(try await explain("--output", plain, Fixtures.photo(1)).code == 0)
        #expect(!Document(try self.text(plain)).text.contains("overlap"))
    }

    @Test func theOldFileIsKeptUntilTheNewOneIsComplete() async throws {
        let path = try folder.file("out.html", "old")
        let failed = try await explain("--output", path, "\(folder.path)/none.jpg")
        #expect(failed.code == 1)
        #expect(failed.errors.contains("none.jpg: cannot be opened"))
        #expect(failed.errors.contains("out.html: not written because no image could be read"))
        #expect(try text(path) == "old")
        let run = try await explain("--output", path, Fixtures.photo(1))
        #expect(run.code == 0)
        #expect(try text(path).hasPrefix("<!DOCTYPE html>"))
        // No temporary file remains.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.html"])
    }

    @Test func unreadableImagesDoNotStopTheRest() async throws {
        let broken = try folder.file("broken.jpg", "no image")
        let path = "\(folder.path)/out.svg"
        let run = try await explain("--output", path, broken, Fixtures.photo(3))
        #expect(run.code == 1)
        #expect(run.errorLines.count { $0.hasPrefix("error: ") } == 1)
        #expect(Document(try text(path)).count("image") == 1)
    }

    @Test func foldersAreNotReplaced() async throws {
        let path = "\(folder.path)/out.html"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        let run = try await explain("--output", path, Fixtures.photo(1))
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errorLines == ["Error: \(path): is not a regular file; give the path of one"])
    }
}
