import DVTOutput
import Glibc

/// The plots of the training page.
struct TrainingPlots {
    /// The completed epochs, at least one.
    let epochs: [EpochRecord]

    private var exits: Range<Int> { 0..<(epochs.last?.training.losses.count ?? 0) }
    private var validates: Bool { epochs.contains { $0.validation != nil } }

    var panels: [Markup] {
        let note = validates ? "Solid: evaluation. Dashed: training." : "Training."
        return [
            .panel(
                "Loss", note: note,
                [
                    plot(
                        "Loss of every exit", unit: "Cross-entropy", \.losses,
                        within: 0...(.infinity)), legend,
                ]),
            .panel(
                "Accuracy", note: note,
                [
                    plot(
                        "Accuracy of every exit", unit: "Top-1 accuracy, %", \.accuracies,
                        within: 0...100), legend,
                ]),
            .panel("Learning rate", note: "At the end of every epoch.", [learningRate]),
        ]
    }

    private var legend: Markup {
        .legend(exits.map { Plot.key(.square, kind: Self.color($0), "exit \($0 + 1)") })
    }

    private static func color(_ exit: Int) -> String {
        let colors = ["one", "two", "three", "four"]
        return colors[exit % colors.count]
    }

    private func plot(
        _ label: String, unit: String, _ numbers: KeyPath<EpochRecord.Measures, [Double]>,
        within bounds: ClosedRange<Double>
    ) -> Markup {
        func points(
            _ measures: KeyPath<EpochRecord, EpochRecord.Measures?>, exit: Int
        ) -> [PlotPoint] {
            epochs.compactMap { epoch in
                epoch[keyPath: measures].map {
                    point(epoch, $0[keyPath: numbers][exit], named: "exit \(exit + 1)")
                }
            }
        }
        let training = exits.map { points(\.trainingIfAny, exit: $0) }
        let validation = exits.map { points(\.validation, exit: $0) }
        var layers: [(PlotLayer, kind: String)] = []
        for exit in exits {
            let color = Self.color(exit)
            layers.append((.line(training[exit]), kind: validates ? "\(color) dashed" : color))
            layers.append((.line(validation[exit]), kind: color))
        }
        for exit in exits {
            // Labels the end of the line with the exit's name.
            let line = validates ? validation[exit] : training[exit]
            layers.append((.marks(line.suffix(1), .dot), kind: Self.color(exit)))
        }
        return Plot(
            label, horizontal: horizontal,
            vertical: PlotAxis(
                unit, covering: (training + validation).joined().map(\.y), within: bounds)
        ).drawing(layers)
    }

    /// The learning rate in units of a power of ten, for short axis labels.
    private var learningRate: Markup {
        let rates = epochs.map(\.learningRate)
        let power = Int(log10(max(rates.max() ?? 0, 1e-300)).rounded(.down))
        let points = epochs.map { point($0, $0.learningRate / pow(10, Double(power))) }
        return Plot(
            "Learning rate", horizontal: horizontal,
            vertical: PlotAxis(
                "Learning rate, 10\(superscript(power))", covering: [0] + points.map(\.y),
                within: 0...(.infinity))
        ).drawing([(.line(points), kind: "one"), (.marks(points.suffix(1), .dot), kind: "one")])
    }

    private var horizontal: PlotAxis {
        PlotAxis(
            "Epoch", covering: epochs.map { Double($0.epoch + 1) }, within: 0...(.infinity),
            leastStep: 1)
    }

    private func point(
        _ epoch: EpochRecord, _ value: Double, named name: String? = nil
    ) -> PlotPoint {
        PlotPoint(
            x: Double(epoch.epoch + 1), y: value,
            title: "epoch \(epoch.epoch + 1): \(decimalText(value, decimals: 4))", name: name)
    }

    private func superscript(_ number: Int) -> String {
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        return (number < 0 ? "⁻" : "")
            + String("\(abs(number))".compactMap { $0.wholeNumberValue.map { digits[$0] } })
    }
}

extension EpochRecord {
    /// ``training``, with the optional type of ``validation``.
    fileprivate var trainingIfAny: Measures? { training }
}
