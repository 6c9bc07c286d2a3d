import DVTCore
import DVTSupport
import Foundation
import FoundationXML
import Testing

@testable import DVTOutput

/// Plots and their parts.
@Suite struct PlotTests {
    private func texts(_ axis: PlotAxis) -> [String] { axis.ticks.map(axis.text) }

    @Test func ticksAreRound() {
        let percent = 0.0...100
        func axis(_ values: [Double], leastStep: Double = 0) -> [String] {
            texts(PlotAxis("", covering: values, within: percent, leastStep: leastStep))
        }
        #expect(axis([11.08, 11.34]) == ["11.0", "11.1", "11.2", "11.3", "11.4"])
        #expect(axis([11.08, 11.34], leastStep: 1) == ["11", "12"])
        #expect(axis([0, 1]) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
        #expect(axis([3, 97]) == ["0", "20", "40", "60", "80", "100"])
        // Equal values get a range around them, within the possible values.
        #expect(axis([50]) == ["48", "50", "52"])
        #expect(axis([0, 0], leastStep: 1) == ["0", "1"])
        #expect(axis([100, 100], leastStep: 1).last == "100")
        #expect(axis([], leastStep: 1) == ["0", "1"])
        let open = 0...Double.infinity
        #expect(texts(PlotAxis("", covering: [1.2e-4, 9e-4], within: open))[1] == "0.0002")
        #expect(texts(PlotAxis("", covering: [0, 2e6], within: open)).last == "2000000")
    }

    @Test func logarithmicTicksAreRound() {
        func axis(_ values: [Double]) -> [String] {
            texts(PlotAxis("", logarithmicCovering: values))
        }
        #expect(axis([1.5, 30]) == ["1", "2", "5", "10", "20", "50"])
        #expect(axis([0.03, 700]) == ["0.02", "0.1", "1", "10", "100", "1000"])
        #expect(axis([10]) == ["10", "20"])
        #expect(axis([1, 1000]) == ["1", "10", "100", "1000"])
        let axis = PlotAxis("", logarithmicCovering: [1, 100])
        #expect(abs(axis.place(10) - 0.5) < 1e-12 && axis.place(1) == 0)
    }

    @Test(arguments: [[3e-7], [0.99999, 1e9], [7, 7.1], [1, 10]])
    func logarithmicAxesCoverAllValues(values: [Double]) {
        let axis = PlotAxis("", logarithmicCovering: values)
        #expect(values.allSatisfy { (-1e-9...1 + 1e-9).contains(axis.place($0)) })
        #expect(axis.ticks == axis.ticks.sorted() && axis.ticks.count >= 2)
    }

    @Test(arguments: [[0.3, 0.7], [5, 5], [1e-9, 1], [72_000, 96_253.5], [0, 0]])
    func axesCoverAllValues(values: [Double]) {
        let axis = PlotAxis("", covering: values, within: 0...(.infinity))
        // The last place of a tick is a rounding error.
        #expect(values.allSatisfy { (-1e-9...1 + 1e-9).contains(axis.place($0)) })
        #expect(axis.ticks.count >= 2 && axis.ticks.count <= 8)
        #expect(Set(texts(axis)).count == axis.ticks.count)
    }

    @Test func namesDoNotOverlap() {
        let frame = LabelBox(x: 46, y: 18, width: 354, height: 218)
        let points = [(50.0, 28.0), (52, 28), (390, 28), (390, 236), (391, 235), (200, 100)]
        var placement = LabelPlacement(frame: frame, points: points.map { ($0.0, $0.1, true) })
        let boxes = points.indices.map { placement.place("early exits", besidePoint: $0).box }
        for (index, box) in boxes.enumerated() {
            #expect(frame.contains(box), "\(index)")
            #expect(!boxes[..<index].contains { $0.overlaps(box) }, "\(index)")
        }
    }

    /// A name between two marks would be ambiguous.
    @Test func namesAreNearestToTheirOwnPoints() {
        let frame = LabelBox(x: 0, y: 18, width: 400, height: 218)
        let points = [(60.0, 230.0, true), (90, 230, true), (95, 215, false)]
        var placement = LabelPlacement(frame: frame, points: points)
        for index in 0..<2 {
            let box = placement.place("exit 1", besidePoint: index).box
            #expect(box.distance(to: points[index]) < box.distance(to: points[1 - index]))
        }
    }

    @Test func everyLayerHasItsMarks() {
        let axis = PlotAxis("A & B", covering: [0, 1], within: 0...1)
        let points = [0.0, 0.5, 1].map {
            PlotPoint(x: $0, y: $0, title: "<\($0)>", name: $0 == 0.5 ? "half" : nil)
        }
        let bars = [PlotBar(x: 0...0.5, y: 0...1, title: "bar")]
        let source = Plot("label", horizontal: axis, vertical: axis).drawing([
            (.line(points), kind: "one"), (.marks(points, .dot), kind: "one"),
            (.marks(points, .square), kind: "two"), (.marks(points, .diamond), kind: "three"),
            (.bars(bars), kind: "soft"),
        ]).source
        #expect(XMLParser(data: Data(source.utf8)).parse())
        func count(_ part: String) -> Int { source.components(separatedBy: part).count - 1 }
        #expect(count("<circle") == 3 && count("<rect class=\"mark\"") == 3)
        #expect(count("<path") == 2 + 3 && count("<rect class=\"column\"") == 1)
        #expect(count(">half</text>") == 3 && count("<title>&lt;") == 9)
        #expect(count(">A &amp; B</text>") == 2)
    }

    @Test func tablesShowTextForPeople() {
        let columns = [
            OutputColumn("name", title: "Name"), .number("x", decimals: 1),
            OutputColumn("raw", audience: .machines),
        ]
        let source = Markup.table(columns, rows: [[.string("<a>"), .double(2), .int(7)]]).source
        #expect(XMLParser(data: Data(source.utf8)).parse())
        #expect(source.contains("<td>&lt;a&gt;</td><td class=\"number\">2.0</td></tr>"))
        #expect(source.contains("<th scope=\"col\">Name</th>") && !source.contains("raw"))
    }
}
