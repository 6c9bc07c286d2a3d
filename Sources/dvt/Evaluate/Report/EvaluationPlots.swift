import DVTEvaluation
import DVTOutput

/// The plots of the evaluation report.
struct EvaluationPlots {
    let findings: EvaluationFindings

    private let curve: [PlotPoint]
    private let costExits: [PlotPoint]
    private let costRun: [PlotPoint]
    /// Cascades truncated at an exit before the last.
    private let derived: [PlotPoint]
    /// The all-exits run; empty if nothing was timed.
    private let speedExits: [PlotPoint]
    private let speedRun: [PlotPoint]

    init(_ findings: EvaluationFindings) {
        self.findings = findings
        let unit = findings.record.unit
        let (costs, last) = (findings.costs.map(unit.value(giga:)), findings.costs.count - 1)
        let early = findings.early
        func cost(
            _ x: Double, _ accuracy: Double, _ name: String, isNamed: Bool = true
        ) -> PlotPoint {
            Self.point(
                x, accuracy, name, "\(decimalText(x, decimals: 4)) \(unit.name)", isNamed: isNamed)
        }
        func speed(_ x: Double?, _ accuracy: Double, _ name: String) -> [PlotPoint] {
            [x].compactMap { $0 }.map {
                Self.point($0, accuracy, name, "\(decimalText($0, decimals: 1)) images/s")
            }
        }
        curve = (findings.curve?.points ?? []).map {
            cost(unit.value(giga: $0.cost), $0.accuracy, "thresholds", isNamed: false)
        }
        costExits = costs.indices.map {
            cost(costs[$0], findings.accuracy(exit: $0), "exit \($0 + 1)")
        }
        costRun = [early].compactMap { $0 }.map {
            cost($0.cost(costs), $0.accuracy, "early exits")
        }
        derived = (0..<last).flatMap {
            speed(
                findings.imagesPerSecond(exit: $0), findings.accuracy(exit: $0), "exit \($0 + 1)")
        }
        speedExits = speed(
            findings.imagesPerSecond(exit: last), findings.accuracy(exit: last),
            last == 0 ? "exit 1" : "all exits")
        speedRun = [early].compactMap { $0 }.flatMap {
            speed($0.times.imagesPerSecond, $0.accuracy, "early exits")
        }
    }

    /// Accuracy against mean cost per image.
    var costs: Markup {
        plot(
            "Accuracy against multiply-adds", "\(findings.record.unit.name)/image",
            [
                (.line(curve), kind: "one"), (.marks(curve, .dot), kind: "one"),
                (.marks(costExits, .square), kind: "soft"),
                (.marks(costRun, .diamond), kind: "three"),
            ])
    }

    /// Accuracy against images per second, or nil if nothing was timed.
    var throughputs: Markup? {
        guard !speedExits.isEmpty else { return nil }
        return plot(
            "Accuracy against throughput", "Images/s",
            [
                (.marks(derived, .square), kind: "soft hollow"),
                (.marks(speedExits, .square), kind: "soft"),
                (.marks(speedRun, .diamond), kind: "three"),
            ])
    }

    /// A plot of top-1 accuracy; both plots share the range of the accuracy axis.
    private func plot(
        _ label: String, _ unit: String, _ layers: [(PlotLayer, kind: String)]
    ) -> Markup {
        let points = layers.flatMap(\.0.points)
        let accuracies = (curve + costExits + costRun + speedRun).map(\.y)
        return Plot(
            label,
            horizontal: PlotAxis(unit, covering: points.map(\.x), within: 0...(.infinity)),
            // Differences below one percentage point do not need a finer grid.
            vertical: PlotAxis(
                "Top-1 accuracy, %", covering: accuracies, within: 0...100, leastStep: 1)
        ).drawing(layers)
    }

    private static func point(
        _ x: Double, _ accuracy: Double, _ name: String, _ cost: String, isNamed: Bool = true
    ) -> PlotPoint {
        PlotPoint(
            x: x, y: accuracy, title: "\(name): \(decimalText(accuracy)) %, \(cost)",
            name: isNamed ? name : nil)
    }

    /// The confidence histogram of an exit, split into correct and wrong images.
    func confidences(exit: Int) -> Markup {
        let bins = findings.summaries[exit].bins
        func bars(
            _ range: (ExitReliability.Bin) -> ClosedRange<Double>, _ word: String
        ) -> [PlotBar] {
            bins.enumerated().compactMap { index, bin in
                let y = range(bin)
                let count = Int(y.upperBound - y.lowerBound)
                guard count > 0 else { return nil }
                return PlotBar(
                    x: Self.interval(index), y: y,
                    title: "\(count) \(word) at \(Self.intervalText(index))")
            }
        }
        return Plot(
            "Confidences at exit \(exit + 1)", horizontal: Self.confidence,
            vertical: PlotAxis(
                "Images", covering: [0] + bins.map { Double($0.count) }, within: 0...(.infinity),
                leastStep: 1), height: 200
        ).drawing([
            (.bars(bars({ 0...Double($0.correct) }, "correct")), kind: "one"),
            (.bars(bars({ Double($0.correct)...Double($0.count) }, "wrong")), kind: "two"),
        ])
    }

    /// The reliability diagram of an exit.
    func reliability(exit: Int) -> Markup {
        let bins = findings.summaries[exit].bins.enumerated().filter { $0.element.count > 0 }
        let bars = bins.filter { $0.element.accuracy > 0 }.map { index, bin in
            PlotBar(
                x: Self.interval(index), y: 0...bin.accuracy,
                title: "\(bin.correct) of \(bin.count) correct at \(Self.intervalText(index))")
        }
        let points = bins.map { _, bin in
            PlotPoint(
                x: bin.confidence, y: bin.accuracy,
                title: "confidence \(decimalText(bin.confidence)), accuracy "
                    + "\(decimalText(bin.accuracy)), \(bin.count) images")
        }
        let diagonal = [0.0, 1].map { PlotPoint(x: $0, y: $0, title: "") }
        return Plot(
            "Reliability of exit \(exit + 1)", horizontal: Self.confidence,
            vertical: PlotAxis("Accuracy", covering: [0, 1], within: 0...1), height: 240
        ).drawing([
            (.bars(bars), kind: "one faint"), (.line(diagonal), kind: "soft"),
            (.marks(points, .dot), kind: "one"),
        ])
    }

    private static let confidence = PlotAxis("Confidence", covering: [0, 1], within: 0...1)

    private static func interval(_ bin: Int) -> ClosedRange<Double> {
        let count = Double(ExitReliability.binCount)
        return Double(bin) / count...Double(bin + 1) / count
    }

    private static func intervalText(_ bin: Int) -> String {
        let interval = interval(bin)
        return "\(decimalText(interval.lowerBound)) to \(decimalText(interval.upperBound))"
    }
}
