import Glibc

/// One side of a plot: a range of numbers with round ones at its ticks.
package struct PlotAxis: Sendable, Equatable {
    /// What the numbers are, and their unit.
    package let title: String
    /// The numbers with a tick, ascending; the first and the last are the ends of the axis.
    package let ticks: [Double]
    private let decimals: Int

    /// Creates an axis from tick to tick, 1, 2 or 5 times a power of ten apart.
    ///
    /// - Parameters:
    ///   - title: what the numbers are, and their unit.
    ///   - values: what it has to show; finite. Equal ones get a range about them.
    ///   - bounds: the numbers that there can be; the axis goes no further.
    ///   - leastStep: the least distance of two ticks: 1 for counts.
    package init(
        _ title: String, covering values: [Double], within bounds: ClosedRange<Double>,
        leastStep: Double = 0
    ) {
        self.title = title
        let (low, high) = (values.min() ?? bounds.lowerBound, values.max() ?? bounds.lowerBound)
        let span = high > low ? high - low : max(abs(high) / 5, leastStep, 1e-6)
        let step = max(Self.roundStep(span / Double(Self.intervals)), leastStep)
        // A tick that a rounding error puts beside its number is that number.
        var first = (low / step + 1e-9).rounded(.down)
        var last = max((high / step - 1e-9).rounded(.up), first + 1)
        if high == low, low > bounds.lowerBound { first -= 1 }
        first = max(first, (bounds.lowerBound / step).rounded(.up))
        last = max(min(last, (bounds.upperBound / step).rounded(.down)), first + 1)
        ticks = (Int(first)...Int(last)).map { Double($0) * step }
        decimals = max(0, -Int(log10(step * 1.001).rounded(.down)))
    }

    /// The most distances between ticks, which leaves room for their numbers.
    private static let intervals = 5

    /// The text at a tick.
    func text(_ tick: Double) -> String {
        fixedPoint(tick, decimals: decimals)
    }

    /// Where a number lies, from 0 at the first tick to 1 at the last.
    func place(_ value: Double) -> Double {
        let (first, last) = (ticks[0], ticks[ticks.count - 1])
        return (value - first) / (last - first)
    }

    private static func roundStep(_ step: Double) -> Double {
        let power = pow(10, log10(step).rounded(.down))
        return [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= step * (1 - 1e-9) } ?? 10 * power
    }
}
