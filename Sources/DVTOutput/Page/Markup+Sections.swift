// The parts of result pages.

extension Markup {
    /// A section under a heading.
    ///
    /// - Parameters:
    ///   - title: the heading.
    ///   - content: the section's content.
    /// - Returns: an element `section`.
    package static func section(_ title: String, _ content: [Markup]) -> Markup {
        element("section", [:], [.lines([element("h2", [:], [Markup(title)])] + content)])
    }

    /// A frame with a title, its content and a note below.
    ///
    /// - Parameters:
    ///   - title: the title.
    ///   - note: the note's text.
    ///   - content: the panel's content.
    /// - Returns: an element `section` of the class `panel`.
    package static func panel(_ title: String, note: String, _ content: [Markup]) -> Markup {
        element(
            "section", ["class": "panel"],
            [
                .lines(
                    [element("h3", [:], [Markup(title)])] + content + [self.note(note)])
            ])
    }

    /// A note in small print.
    ///
    /// - Parameter text: the note.
    /// - Returns: an element `p` of the class `note`.
    package static func note(_ text: String) -> Markup {
        element("p", ["class": "note"], [Markup(text)])
    }

    /// The legend of a plot.
    ///
    /// - Parameter keys: its entries, by ``Plot/key(_:kind:_:)``.
    /// - Returns: an element `p` of the class `legend`.
    package static func legend(_ keys: [Markup]) -> Markup {
        element("p", ["class": "legend note"], keys)
    }

    /// A responsive grid of panels with plots.
    ///
    /// - Parameter panels: the panels.
    /// - Returns: an element `div`.
    package static func plots(_ panels: [Markup]) -> Markup {
        element("div", ["class": "gallery plots"], [.lines(panels)])
    }
}
