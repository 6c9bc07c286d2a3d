import Foundation
import FoundationXML
import Testing

@testable import DVTOutput

/// Pages and their parts.
@Suite struct PageTests {
    private func isWellFormed(_ text: String) -> Bool {
        XMLParser(data: Data(text.utf8)).parse()
    }

    @Test func textAndAttributesAreEscaped() {
        let hostile = #"<b>&"'</b>"#
        let markup = Markup.element("p", ["title": hostile, "id": nil], [Markup(hostile)])
        let text = "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;"
        #expect(markup.source == "<p title=\"\(text)\">\(text)</p>")
        let literal: Markup = "\(hostile) & more"
        #expect(literal.source == text + " &amp; more")
    }

    @Test(arguments: ["\0\u{1}\u{B}\u{1F}", "\u{7F}\u{85}", "\u{FFFE}\u{FFFF}", "\r\n\t", "👩‍👧é"])
    func anyTextMakesWellFormedMarkup(text: String) {
        let markup = Markup.element("p", ["title": text], [Markup(text)])
        #expect(isWellFormed(markup.source))
    }

    @Test func emptyElementsAreClosedForHTML() {
        #expect(Markup.element("br").source == "<br/>")
        #expect(Markup.element("rect", ["x": "1"]).source == #"<rect x="1"/>"#)
        // HTML parses <div/> as a start tag.
        #expect(Markup.element("div").source == "<div></div>")
        #expect(Markup.element("rect", [:], ["x"]).source == "<rect>x</rect>")
    }

    @Test func pagesAreSelfContained() {
        let page = HTMLPage(title: "a < b", rules: ".x > .y { margin: 0; }", footer: ["end"])
        let text = page.source([.element("p", [:], ["content"])])
        #expect(text.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
        #expect(isWellFormed(text))
        for part in [
            "<meta charset=\"utf-8\"/>", "width=device-width", "<title>a &lt; b</title>",
            "<h1>a &lt; b</h1>", "prefers-color-scheme: dark", ".x > .y", "<p>content</p>",
            "<footer>end</footer>",
        ] {
            #expect(text.contains(part), "\(part)")
        }
        for word in ["http", "url(", "@import", "<script", "<link"] {
            #expect(!text.contains(word), "\(word)")
        }
    }

    /// WCAG's contrast of every ink on every ground, in both themes.
    @Test func inksHaveEnoughContrast() {
        func luminance(_ color: UInt32) -> Double {
            [(16, 0.2126), (8, 0.7152), (0, 0.0722)].reduce(0) { sum, channel in
                let level = Double(color >> UInt32(channel.0) & 0xFF) / 255
                let linear = level <= 0.04045 ? level / 12.92 : pow((level + 0.055) / 1.055, 2.4)
                return sum + channel.1 * linear
            }
        }
        func contrast(_ one: UInt32, _ other: UInt32) -> Double {
            let levels = [luminance(one), luminance(other)].sorted()
            return (levels[1] + 0.05) / (levels[0] + 0.05)
        }
        #expect(abs(contrast(0, 0xFFFFFF) - 21) < 1e-9)
        for ground in PagePalette.grounds {
            for ink in PagePalette.inks {
                #expect(contrast(ink.light, ground.light) >= 4.5, "\(ink.name) on \(ground.name)")
                #expect(contrast(ink.dark, ground.dark) >= 4.5, "\(ink.name) on \(ground.name)")
            }
        }
    }

    @Test func theRampGrowsBrighter() {
        #expect(ColorRamp.color(0) == "#000004" && ColorRamp.color(-3) == "#000004")
        #expect(ColorRamp.color(1) == "#fcffa4" && ColorRamp.color(7) == "#fcffa4")
        #expect(ColorRamp.color(0.5) == "#ba3655")
        let levels = (0...100).map { place in
            let color = ColorRamp.color(Double(place) / 100)
            let value = Int(color.dropFirst(), radix: 16) ?? 0
            return 0.2126 * Double(value >> 16) + 0.7152 * Double(value >> 8 & 255)
                + 0.0722 * Double(value & 255)
        }
        #expect(zip(levels, levels.dropFirst()).allSatisfy { $0 < $1 })
        #expect(isWellFormed(ColorRamp.gradient(id: "ramp").source))
    }

    @Test(arguments: [
        (12.5, 2, "12.5"), (3.0, 2, "3"), (-0.001, 2, "0"), (100.0, 0, "100"), (0.126, 2, "0.13"),
        (10.0, 3, "10"), (1e300, 2, "1e+300"),
    ])
    func numbersAreShort(value: Double, decimals: Int, expected: String) {
        #expect(shortNumber(value, decimals: decimals) == expected)
    }
}
