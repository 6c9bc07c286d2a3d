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

final class ExplanationDrawing {
    private let path: String
    private let layout: any ExplanationLayout
    private var parts: [Markup] = []

    /// The maximum number of images of a document that browsers render well.
    static let limit = 500
    /// The maximum displayed side of an image, in pixels.
    private static let shownSide = 672

    /// Creates a document, after checking that its file can be written.
    init(path: String, text: ExplanationText) throws {
        _ = try AtomicFileWriter(path: path)
        self.path = path
        layout =
            DrawingFormat(path: path) == .svg
            ? ExplanationSVG(texts: text) : ExplanationPage(texts: text)
    }

    /// Adds an image, decoded again at the displayed resolution.
    func add(
        _ imagePath: String, _ explanation: Explanation, _ preprocessing: Preprocessing
    ) throws {
        guard parts.count < Self.limit else { throw DrawingError.tooMany(path: path) }
        let image = try ImageDecoder.decode(
            path: imagePath, applyingOrientation: preprocessing.applyingOrientation)
        // The image's own resolution, up to the displayed size.
        let scale = min(
            min(image.width, image.height) / preprocessing.shorterSide,
            Self.shownSide / preprocessing.imageSize)
        let square = preprocessing.square(of: image, scale: max(scale, 1))
        let bytes = try JPEGEncoder.encode(square, name: imagePath)
        parts.append(
            layout.part(
                of: ExplainedImage(
                    index: parts.count, path: imagePath,
                    source: "data:image/jpeg;base64,\(base64(bytes))",
                    side: preprocessing.imageSize, explanation: explanation)))
    }

    /// Writes the document atomically.
    func write() throws {
        guard !parts.isEmpty else {
            printError("\(shown(path)): not written because no image could be read")
            return
        }
        let text = layout.source(parts)
        try replaceFile(path, with: text)
        let images = parts.count == 1 ? "1 image" : "\(parts.count) images"
        printError("\(shown(path)): \(images), \((text.utf8.count + 1023) / 1024) KiB")
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
