import DVTCore
import DVTEvaluation
import DVTOutput
import DVTSupport
import DVTVision

/// Images of an evaluation, decoded again for the report.
struct EvaluationGallery {
    let findings: EvaluationFindings

    /// The maximum side of a thumbnail, in pixels.
    private static let shownSide = 112

    /// One panel per class.
    var panels: Markup {
        .element("div", ["class": "gallery plots"], [.lines(findings.examples.map(panel))])
    }

    /// The most confident mistakes.
    var mistakes: Markup {
        .element(
            "div", ["class": "tiles mistakes"],
            findings.mistakes.map { tile($0, namesLabel: true) })
    }

    private func panel(_ examples: ClassExamples) -> Markup {
        let rows = [
            ("Most confident", examples.mostConfident),
            ("Least confident", examples.leastConfident),
        ].filter { !$0.1.isEmpty }
        return .element(
            "section", ["class": "panel"],
            [
                .lines(
                    [
                        .element("h3", [:], [Markup(findings.subject.name(examples.label))]),
                        .element(
                            "p", ["class": "note"],
                            ["\(examples.correct) of \(examples.images) correct at their exits"]),
                    ]
                        + rows.flatMap { title, images in
                            [
                                .element("h4", [:], [Markup(title)]),
                                .element("div", ["class": "tiles"], images.map { tile($0) }),
                            ]
                        })
            ])
    }

    private func tile(_ image: Int, namesLabel: Bool = false) -> Markup {
        let tally = findings.record.tally
        let label = findings.subject.name(Int(tally.labels[image]))
        let exit = Int(findings.exits[image])
        let isRight = tally.ranks[exit][image] == 0
        let prediction = findings.subject.name(Int(tally.predictions[exit][image]))
        let confidence = decimalText(Double(tally.confidences[exit][image]))
        return .element(
            "figure", ["class": "tile"],
            [
                thumbnail(of: image),
                .element(
                    "figcaption", [:],
                    (namesLabel ? [Markup(label), .element("br")] : []) + [
                        "exit \(exit + 1), \(confidence)", .element("br"),
                        .element(
                            "span", ["class": isRight ? "right" : "wrong"],
                            ["\(isRight ? "✓" : "✗ as") \(prediction)"]),
                    ]),
            ])
    }

    private func thumbnail(of image: Int) -> Markup {
        let labeled = findings.subject.set[Int(findings.record.places[image])]
        let label = findings.subject.name(labeled.label)
        do {
            return .element(
                "img",
                [
                    "src": "data:image/jpeg;base64,\(base64(try bytes(of: labeled)))",
                    "alt": "\(label): \(printable(labeled.name))",
                    "title": printable(labeled.name),
                    "class": square.imageSize < Self.shownSide ? "coarse" : nil,
                ])
        } catch {
            // The file changed during the evaluation; the report is still useful.
            printError("warning: \(error)")
            return .element("p", ["class": "note"], ["no longer readable"])
        }
    }

    private func bytes(of image: LabeledImage) throws(ImageError) -> [UInt8] {
        let decoded = try image.decode(findings.record.preprocessing.decoding).image
        return try JPEGEncoder.encode(square.square(of: decoded), name: image.name)
    }

    /// The model's crop, scaled down to the thumbnail size.
    private var square: Preprocessing {
        let whole = findings.record.preprocessing
        let side = min(whole.imageSize, Self.shownSide)
        return Preprocessing(
            shorterSide: whole.shorterSide * side / whole.imageSize, imageSize: side,
            filter: whole.filter, mean: whole.mean,
            applyingOrientation: whole.applyingOrientation, crop: whole.crop)
    }
}
