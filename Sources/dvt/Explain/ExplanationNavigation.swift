import DVTOutput
import DVTSupport

/// The links of a page of explanations: to other pages and to images.
struct ExplanationNavigation {
    let place: ExplanationPlace

    /// The elements, none for a single image.
    var parts: [Markup] {
        guard place.entries.count > 1 || place.page > 0 else { return [] }
        let count = place.entries.count == 1 ? "1 image" : "\(place.entries.count) images"
        // A long list is closed, so that the first image is in sight.
        let isOpen = place.entries.count <= 12 ? "open" : nil
        return pages + [
            .element(
                "details", ["open": isOpen],
                [
                    .element("summary", [:], [Markup("Index of \(count)")]),
                    .element("ul", ["class": "index"], place.entries.map(item)),
                ])
        ]
    }

    private var pages: [Markup] {
        let earlier = place.page > 0 ? [(0, "First page, with all images")] : []
        let previous = place.page > 1 ? [(place.page - 1, "Previous page")] : []
        let next = place.hasNext ? [(place.page + 1, "Next page")] : []
        let links = (earlier + previous + next).map { page, name in
            Markup.element("a", ["href": place.files.link(page)], [Markup(name)])
        }
        return links.isEmpty ? [] : [.element("nav", ["class": "pages"], links)]
    }

    private func item(_ entry: ExplanationEntry) -> Markup {
        let page = entry.page == place.page ? "" : place.files.link(entry.page)
        return .element(
            "li", [:],
            [
                .element(
                    "a", ["href": "\(page)#\(entry.id)"], [Markup(printable(entry.name))]),
                .element("span", ["class": "note"], [Markup(entry.summary)]),
            ])
    }
}
