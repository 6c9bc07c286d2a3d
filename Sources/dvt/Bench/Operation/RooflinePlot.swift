import DVTOpenCL
import DVTOutput
import DVTSupport

/// The plot of rates against arithmetic intensity under the devices' roofs.
struct RooflinePlot {
    /// The measurements of one operation on one device at one precision.
    private struct Series {
        let records: [OperationRecord]
        let kind: String
        let mark: PlotMark
    }

    private let series: [Series]
    private let roofed: [OperationRecord]
    private let horizontal: PlotAxis
    private let vertical: PlotAxis

    /// The most points with a label beside them.
    private static let labelLimit = 16

    /// Creates a plot.
    ///
    /// - Parameter records: the measurements; nil is returned if none has an intensity and a rate.
    init?(_ records: [OperationRecord]) {
        let plotted = records.filter { ($0.intensity ?? 0) > 0 && ($0.gigaflops ?? 0) > 0 }
        guard !plotted.isEmpty else { return nil }
        var order: [String] = []
        var groups: [String: [OperationRecord]] = [:]
        for record in plotted {
            let key = Self.key(record)
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(record)
        }
        let kinds = ["one", "two", "three", "four"]
        let marks: [PlotMark] = [.dot, .square, .diamond]
        series = order.enumerated().map { index, key in
            Series(
                records: groups[key] ?? [], kind: kinds[index % kinds.count],
                mark: marks[index % marks.count])
        }
        roofed = Self.roofs(of: plotted)
        let ridges = roofed.map { $0.peak.gigaflops / $0.peak.gigabytes }
        let intensities = plotted.compactMap(\.intensity) + ridges
        horizontal = PlotAxis(
            "FLOP per byte",
            logarithmicCovering: [(intensities.min() ?? 1) / 1.5, (intensities.max() ?? 1) * 1.5])
        let rates = plotted.compactMap(\.gigaflops) + roofed.map(\.peak.gigaflops)
        vertical = PlotAxis(
            "GFLOP/s",
            logarithmicCovering: [(rates.min() ?? 1) / 1.3, (rates.max() ?? 1) * 1.3])
    }

    /// The first measurement under each roof: those of a device may differ by precision.
    static func roofs(of records: [OperationRecord]) -> [OperationRecord] {
        var seen: Set<String> = []
        return records.filter {
            seen.insert("\($0.setting.device) \($0.peak.gigaflops)").inserted
        }
    }

    private static func key(_ record: OperationRecord) -> String {
        [record.name, record.setting.precision?.rawValue ?? "", record.setting.device]
            .joined(separator: "\n")
    }

    /// The drawing.
    var drawing: Markup {
        let plot = Plot(
            "Rate against arithmetic intensity", horizontal: horizontal, vertical: vertical,
            width: 760, height: 440)
        let roofs = roofed.map { (roof(of: $0), kind: "soft") }
        let ridges = roofed.map { (ridge(of: $0), kind: "soft hollow") }
        let points = series.map { (layer(of: $0), kind: $0.kind) }
        return plot.drawing(roofs + ridges + points)
    }

    /// The legend's entries.
    var keys: [Markup] {
        series.map { Plot.key($0.mark, kind: $0.kind, name(of: $0.records[0])) }
    }

    /// The parts of a series' name that distinguish it.
    private func name(of record: OperationRecord) -> String {
        let all = series.map { $0.records[0] }
        var parts = [record.name]
        if Set(all.map(\.setting.precision)).count > 1, let precision = record.setting.precision {
            parts.append(precision.rawValue)
        }
        if Set(all.map(\.setting.device)).count > 1 { parts.append(record.setting.device) }
        return parts.map(printable).joined(separator: ", ")
    }

    /// The attainable rate from the left or lower end of the plot to the right end.
    private func roof(of record: OperationRecord) -> PlotLayer {
        let (peak, ticks) = (record.peak, horizontal.ticks)
        let start = max(ticks[0], vertical.ticks[0] / peak.gigabytes)
        let ridge = peak.gigaflops / peak.gigabytes
        let places = [start, ridge, ticks[ticks.count - 1]].sorted()
        return .line(
            places.map {
                PlotPoint(x: $0, y: min(peak.gigaflops, $0 * peak.gigabytes), title: "")
            })
    }

    private func ridge(of record: OperationRecord) -> PlotLayer {
        let peak = record.peak
        let rates = """
            \(shortNumber(peak.gigaflops, decimals: 0)) GFLOP/s, \
            \(shortNumber(peak.gigabytes, decimals: 1)) GB/s
            """
        let device = printable(record.setting.device)
        return .marks(
            [
                PlotPoint(
                    x: peak.gigaflops / peak.gigabytes, y: peak.gigaflops,
                    title: "\(device): \(rates)", name: rates)
            ], .dot)
    }

    private func layer(of series: Series) -> PlotLayer {
        let isLabeled = self.series.reduce(0) { $0 + $1.records.count } <= Self.labelLimit
        return .marks(
            series.records.map { record in
                let label = sizes(of: record, among: series.records)
                return PlotPoint(
                    x: record.intensity ?? 1, y: record.gigaflops ?? 1,
                    title: title(record), name: isLabeled && !label.isEmpty ? label : nil)
            }, series.mark)
    }

    private func title(_ record: OperationRecord) -> String {
        let share = record.peakShare.map {
            "; \(shortNumber(100 * $0, decimals: 0)) % of the attainable rate"
        }
        return """
            \(name(of: record)) \(sizes(of: record, among: nil)): \
            \(shortNumber(record.gigaflops ?? 0, decimals: 1)) GFLOP/s at \
            \(shortNumber(record.intensity ?? 0)) FLOP per byte\(share ?? "")
            """
    }

    /// The sizes of a measurement, or only those in which it differs from others.
    private func sizes(of record: OperationRecord, among others: [OperationRecord]?) -> String {
        OperationRecord.sizeKeys.compactMap { key in
            guard let value = record.sizes[key] else { return nil }
            let varies = others.map { Set($0.map { $0.sizes[key]?.jsonText ?? "" }).count > 1 }
            guard varies ?? true else { return nil }
            let text = if case .string(let word) = value { word } else { value.jsonText }
            return "\(key)=\(printable(text))"
        }.joined(separator: " ")
    }
}
