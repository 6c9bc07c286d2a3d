import DVTEvaluation
import DVTOutput

/// A document format.
protocol ExplanationLayout {
    /// The section of one image.
    func part(of image: ExplainedImage) -> Markup

    /// The document source.
    func source(_ parts: [Markup]) -> String
}

/// An image of a document.
struct ExplainedImage {
    /// The index in the document, from 0.
    let index: Int
    let path: String
    /// The model's input as a data URI.
    let source: String
    /// The side of the model's input.
    let side: Int
    let explanation: Explanation

    /// The ID of the image element.
    var id: String { "image\(index)" }

    /// The image element, of side x side units.
    var image: Markup {
        .element(
            "image",
            [
                "id": id, "width": "\(side)", "height": "\(side)", "href": source,
                "preserveAspectRatio": "none",
            ])
    }
}
