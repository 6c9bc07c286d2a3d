import DVTCore
import DVTEvaluation
import DVTOutput
import DVTSupport

/// Explanations as an HTML page: one section per image, one panel per exit.
struct ExplanationPage: ExplanationLayout {
    let texts: ExplanationText

    func part(of image: ExplainedImage) -> Markup {
        let explanation = image.explanation
        let exits = explanation.exits.indices.map { panel(image, exit: $0) }
        return .element(
            "section", ["aria-labelledby": "\(image.id)-name"],
            [
                .lines([
                    .element(
                        "h2", ["id": "\(image.id)-name"], [Markup(printable(image.path))]),
                    .element("p", [:], [Markup(texts.summary(of: explanation))]),
                    .element("div", ["class": "gallery"], [.lines([plain(image)] + exits)]),
                ])
            ])
    }

    func source(_ parts: [Markup], _ place: ExplanationPlace) -> String {
        let page = HTMLPage(
            title: texts.title(page: place.page), rules: Self.rules, footer: [Self.method])
        let definitions = Markup.element(
            "svg", ["class": "definitions", "aria-hidden": "true"], [AttentionPanel.definitions])
        let warnings = [texts.warning].compactMap { $0 }.map {
            Markup.element("p", ["class": "warning"], [Markup($0)])
        }
        let overlap = texts.overlap.joined(separator: " ")
        let notes = overlap.isEmpty ? [] : [Markup.note(overlap)]
        return page.source(
            [.element("p", [:], [Markup(texts.rule)])] + notes + warnings
                + ExplanationNavigation(place: place).parts + [Self.switches, definitions] + parts)
    }

    /// The panel with the plain image.
    private func plain(_ image: ExplainedImage) -> Markup {
        .element(
            "figure", ["class": "panel plain"],
            [
                .element("h3", [:], ["Model input"]),
                .element(
                    "p", ["class": "note"],
                    [Markup(texts.pixels(side: image.side))]),
                drawing(
                    of: image, label: "Model input of \(printable(image.path))",
                    [image.image]),
            ])
    }

    private func panel(_ image: ExplainedImage, exit: Int) -> Markup {
        let explanation = image.explanation
        let seen = explanation.exits[exit]
        let isTaken = exit == explanation.exit
        let kind = isTaken ? "panel taken" : exit > explanation.exit ? "panel unused" : "panel"
        let attention = AttentionPanel(texts.model, exit: exit, seen: seen, imageID: image.id)
        let badge = Markup.element("span", ["class": "badge"], ["exits here"])
        return .element(
            "figure", ["class": kind],
            [
                .lines([
                    .element("h3", [:], ["Exit \(exit + 1)"] + (isTaken ? [" ", badge] : [])),
                    .element("p", ["class": "note"], [Markup(texts.size(of: seen))]),
                    drawing(of: image, label: attention.label, attention.parts),
                    scale(attention),
                    verdict(explanation, exit),
                    meter(seen.score, threshold: texts.threshold(at: exit)),
                    classes(seen),
                ])
            ])
    }

    private func drawing(
        of image: ExplainedImage, label: String, _ parts: [Markup]
    ) -> Markup {
        .element(
            "svg",
            [
                "viewBox": "0 0 \(image.side) \(image.side)", "role": "img",
                "aria-label": label,
            ], parts)
    }

    private func scale(_ attention: AttentionPanel) -> Markup {
        let ramp = Markup.element(
            "svg", ["viewBox": "0 0 100 6", "preserveAspectRatio": "none", "aria-hidden": "true"],
            [.element("rect", ["width": "100", "height": "6", "fill": "url(#ramp)"])])
        return .element(
            "div", ["class": "scale note"],
            [
                .element("span", [:], [Markup(attention.scale.low)]), ramp,
                .element("span", [:], ["\(attention.scale.high) uniform"]),
            ])
    }

    private func verdict(_ explanation: Explanation, _ exit: Int) -> Markup {
        return .element(
            "p", [:],
            [
                .element("strong", [:], [Markup(texts.score(explanation.exits[exit]))]),
                .element("br"),
                Markup(texts.verdict(explanation, exit: exit)),
            ])
    }

    /// A bar for the score with a mark at the threshold.
    private func meter(_ score: Float, threshold: Float?) -> Markup {
        let bar = Markup.element("span", ["style": "width: \(percent(score))"])
        // A threshold above 1 is off the scale.
        let marks = [threshold].compactMap { $0 }.filter { $0 <= 1 }.map {
            Markup.element("i", ["style": "left: \(percent($0))"])
        }
        return .element("div", ["class": "bar meter", "aria-hidden": "true"], [bar] + marks)
    }

    private func classes(_ seen: ExitExplanation) -> Markup {
        let rows = seen.top.map { entry in
            let bar = Markup.element("span", ["style": "width: \(percent(entry.probability))"])
            return Markup.element(
                "tr", [:],
                [
                    .element("th", ["scope": "row"], [Markup(texts.name(entry))]),
                    .element("td", ["class": "share"], [.element("div", ["class": "bar"], [bar])]),
                    .element(
                        "td", ["class": "number"], [Markup(texts.probability(entry.probability))]),
                ])
        }
        return .element(
            "table", [:],
            [.element("caption", [:], ["Most probable classes"]), .element("tbody", [:], rows)])
    }

    private func percent(_ share: Float) -> String {
        "\(shortNumber(Double(share) * 100))%"
    }

    /// Checkboxes that show or hide the overlays.
    private static let switches = Markup.element(
        "p", ["class": "switches"],
        [("show-heat", "attention"), ("show-grid", "token grid")].map { id, name in
            .element(
                "label", [:],
                [
                    .element("input", ["type": "checkbox", "id": id, "checked": "checked"]),
                    Markup(" Show \(name)"),
                ])
        })

    private static let method = Markup.element(
        "p", [:],
        [
            """
            Bright cells contributed most to the exit's class token: attention rollout, averaged \
            over heads, through all blocks of the stage (
            """,
            .element(
                "a", ["href": "https://arxiv.org/abs/2005.00928"], ["Abnar and Zuidema, 2020"]),
            """
            ). The scale under each image shows the lowest and the highest attention of a token as \
            multiples of uniform attention. GMACs, MMACs: 10⁹, 10⁶ multiply-adds, from the first \
            stage through this one. Generated by dvt \(Version.number).
            """,
        ])

    private static let rules = """
        .definitions { position: absolute; width: 0; height: 0; }
        .panel svg[role=img] { border-radius: 0.25rem; }
        .taken { border-color: var(--good); box-shadow: 0 0 0 1px var(--good); }
        .unused { border-style: dashed; }
        .badge {
          color: var(--good); border: 1px solid; border-radius: 1rem; padding: 0 0.5rem;
          font-size: 0.8125rem; white-space: nowrap;
        }
        details { margin: 0.5rem 0 1rem; }
        summary { cursor: pointer; }
        .index { columns: 20rem; margin: 0.5rem 0; padding: 0; list-style: none; }
        .index li { break-inside: avoid; margin-bottom: 0.25rem; }
        .index .note { display: block; }
        .pages { display: flex; flex-wrap: wrap; gap: 0 1rem; }
        .switches { display: flex; flex-wrap: wrap; gap: 0 1.5rem; margin-bottom: 1.5rem; }
        .switches input { accent-color: var(--accent); }
        .scale { display: flex; align-items: center; gap: 0.5rem; white-space: nowrap; }
        .scale svg { flex: 1; height: 0.5rem; border-radius: 0.25rem; }
        .plain { align-self: start; }
        .meter > span { background: var(--ink-soft); }
        .taken .meter > span { background: var(--good); }
        .meter > i {
          position: absolute; top: -0.2rem; bottom: -0.2rem; width: 2px; background: var(--ink);
        }
        .share { width: 40%; padding: 0 0.5rem; }
        body:has(#show-heat:not(:checked)) .heat, body:has(#show-grid:not(:checked)) .grid {
          display: none;
        }
        """
}
