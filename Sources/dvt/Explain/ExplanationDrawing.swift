import ArgumentParser
import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTOutput
import DVTSupport
import DVTVision

/// How explanations are drawn, by the ending of the file's name.
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

/// An image that is drawn.
struct ExplainedImage {
    /// Its place in the document, from 0.
    let index: Int
    let path: String
    /// What the model sees, as a URI that holds it.
    let source: String
    /// The side of the model's input.
    let side: Int
    let explanation: Explanation

    /// What elements that show it refer to.
    var id: String { "image\(index)" }

    /// The image, as the part of a drawing of side x side units.
    var image: Markup {
        .element(
            "image",
            [
                "id": id, "width": "\(side)", "height": "\(side)", "href": source,
                "preserveAspectRatio": "none",
            ])
    }
}

/// A kind of document.
protocol ExplanationLayout {
    /// The part of one image.
    func part(of image: ExplainedImage) -> Markup

    /// The whole document.
    func source(_ parts: [Markup]) -> String
}

/// Collects explanations and writes them as one document.
final class ExplanationDrawing {
    private let path: String
    private let layout: any ExplanationLayout
    private var parts: [Markup] = []

    /// The most images of a document: a browser shows no more with ease.
    static let limit = 500
    /// The most pixels of a side at which an image is shown.
    private static let shownSide = 672

    /// Prepares a document, and checks that it can be written before anything runs.
    init(path: String, words: ExplanationText) throws {
        _ = try AtomicFileWriter(path: path)
        self.path = path
        layout =
            DrawingFormat(path: path) == .svg
            ? ExplanationSVG(words: words) : ExplanationPage(words: words)
    }

    /// Adds an image, which is read again: of the first time only the model's input is left.
    func add(
        _ imagePath: String, _ explanation: Explanation, _ preprocessing: Preprocessing
    ) throws {
        guard parts.count < Self.limit else { throw DrawingError.tooMany(path: path) }
        let image = try ImageDecoder.decode(
            path: imagePath, applyingOrientation: preprocessing.applyingOrientation)
        // As many pixels as the image has, and no more than a page can show.
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

    /// Writes the document, whole or not at all.
    func write() throws {
        guard !parts.isEmpty else {
            printError("\(shown(path)): not written, as there is no image to show")
            return
        }
        let text = layout.source(parts)
        try replaceFile(path, with: text)
        let images = parts.count == 1 ? "1 image" : "\(parts.count) images"
        printError("\(shown(path)): \(images), \((text.utf8.count + 1023) / 1024) KiB")
    }
}

/// Why explanations cannot be drawn.
enum DrawingError: Error, CustomStringConvertible {
    case tooMany(path: String)

    var description: String {
        switch self {
        case .tooMany(let path):
            """
            \(shown(path)): takes \(ExplanationDrawing.limit) images, and there are more; name fewer
            """
        }
    }
}
