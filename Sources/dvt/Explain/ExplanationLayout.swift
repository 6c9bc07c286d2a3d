import DVTEvaluation
import DVTOutput

/// A document format.
protocol ExplanationLayout {
    /// The section of one image.
    func part(of image: ExplainedImage) -> Markup

    /// The source of a page.
    func source(_ parts: [Markup], _ place: ExplanationPlace) -> String
}

/// An image of a page.
struct ExplainedImage {
    /// The index in the page, from 0.
    let index: Int
    let path: String
    /// The pixels of the model's input as a data URI.
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
                // Few pixels are shown as such.
                "style": side <= 112 ? "image-rendering: pixelated" : nil,
            ])
    }
}
