import DVTEvaluation
import DVTOutput
import DVTSupport
import DVTVision

/// The document format, from the file's extension.
enum DrawingFormat: String {
    case html
    case svg

    init?(path: String) {
        guard let dot = path.lastIndex(of: "."),
            let format = Self(rawValue: path[path.index(after: dot)...].lowercased())
        else { return nil }
        self = format
    }
}

/// Writes explanations to one or more pages.
///
/// Finished pages are temporary files, so memory holds two pages, and no page replaces a file before
/// all are complete.
final class ExplanationDrawing {
    private let files: ExplanationFiles
    private let layout: any ExplanationLayout
    private let text: ExplanationText
    /// The images of the current page.
    private var parts: [Markup] = []
    /// The first page, which is written last because it lists the images of all pages.
    private var firstParts: [Markup] = []
    private var entries: [ExplanationEntry] = []
    private var pages: [PendingPage] = []
    private var page = 0
    private var byteCount = 0

    /// The maximum number of images of a page that browsers render well.
    static let pageLimit = 50
    /// The maximum number of images of a document; each page is an open file.
    static let limit = 10_000

    /// Creates a document, after checking that its file can be written.
    init(path: String, text: ExplanationText) throws {
        _ = try AtomicFileWriter(path: path)
        files = ExplanationFiles(first: path)
        self.text = text
        layout =
            DrawingFormat(path: path) == .svg
            ? ExplanationSVG(texts: text) : ExplanationPage(texts: text)
    }

    /// Adds an image.
    ///
    /// - Parameters:
    ///   - path: the image's file.
    ///   - explanation: its explanation.
    ///   - pixels: the pixels of the model's input.
    /// - Throws: ``DrawingError`` if there are too many images, or the error of a page's file.
    func add(_ path: String, _ explanation: Explanation, pixels: RGBImage) throws {
        guard entries.count < Self.limit else { throw DrawingError.tooMany(path: files.path(0)) }
        if parts.count == Self.pageLimit { try endPage(hasNext: true) }
        let image = ExplainedImage(
            index: parts.count, path: path,
            source: "data:image/png;base64,\(base64(try PNGEncoder.encode(pixels)))",
            side: pixels.width, explanation: explanation)
        parts.append(layout.part(of: image))
        entries.append(
            ExplanationEntry(
                page: page, id: "\(image.id)-name", name: path,
                summary: text.shortSummary(of: explanation)))
    }

    private func endPage(hasNext: Bool) throws {
        if page == 0 {
            firstParts = parts
        } else {
            let own = entries.filter { $0.page == page }
            try pages.append(write(parts, page: page, hasNext: hasNext, entries: own))
        }
        parts = []
        page += 1
    }

    private func write(
        _ parts: [Markup], page: Int, hasNext: Bool, entries: [ExplanationEntry]
    ) throws -> PendingPage {
        let source = layout.source(
            parts,
            ExplanationPlace(page: page, hasNext: hasNext, entries: entries, files: files))
        byteCount += source.utf8.count
        return try PendingPage(path: files.path(page), source)
    }

    /// Replaces the files of all pages, the first one last.
    func write() throws {
        guard !entries.isEmpty else {
            printError("\(shown(files.path(0))): not written because no image could be read")
            return
        }
        try endPage(hasNext: false)
        try pages.append(write(firstParts, page: 0, hasNext: page > 1, entries: entries))
        for page in pages { try page.commit() }
        let images = entries.count == 1 ? "1 image" : "\(entries.count) images"
        let pages = page == 1 ? "" : " on \(page) pages, to \(shown(files.path(page - 1)))"
        printError("\(shown(files.path(0))): \(images)\(pages), \((byteCount + 1023) / 1024) KiB")
    }

    /// Reports that an interrupted run has no document.
    func reportInterruption() {
        printError("\(shown(files.path(0))): not written because the run was interrupted")
    }
}

/// A complete page in a temporary file, which is removed unless it is committed.
private final class PendingPage {
    private var file: AtomicFileWriter?

    init(path: String, _ source: String) throws {
        let file = try AtomicFileWriter(path: path)
        try file.append(Array(source.utf8))
        self.file = consume file
    }

    func commit() throws {
        try file.take()?.commit()
    }
}

enum DrawingError: Error, CustomStringConvertible {
    case tooMany(path: String)

    var description: String {
        switch self {
        case .tooMany(let path):
            """
            \(shown(path)): at most \(ExplanationDrawing.limit) images fit in one document; name \
            fewer
            """
        }
    }
}
