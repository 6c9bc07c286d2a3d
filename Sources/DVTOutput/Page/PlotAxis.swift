import Glibc

/// An axis of a plot: a range of numbers with ticks at round ones.
package struct PlotAxis: Sendable, Equatable {
    /// The quantity and its unit.
    package let title: String
    /// The numbers with a tick, ascending; the first and the last are the ends of the axis.
    package private(set) var ticks: [Double]
    private let decimals: Int
    private let isLogarithmic: Bool

    /// Creates an axis from tick to tick, 1, 2 or 5 times a power of ten apart.
    ///
    /// - Parameters:
    ///   - title: the quantity and its unit.
    ///   - values: the finite numbers to cover; a single number gets a range around it.
    ///   - bounds: the possible numbers, which the axis does not exceed.
    ///   - leastStep: the smallest distance between ticks: 1 for counts.
    package init(
        _ title: String, covering values: [Double], within bounds: ClosedRange<Double>,
        leastStep: Double = 0
    ) {
        self.title = title
        let (low, high) = (values.min() ?? bounds.lowerBound, values.max() ?? bounds.lowerBound)
        let span = high > low ? high - low : max(abs(high) / 5, leastStep, 1e-6)
        let step = max(Self.roundStep(span / Double(Self.intervals)), leastStep)
        // The margin absorbs rounding errors of the quotients.
        var first = (low / step + 1e-9).rounded(.down)
        var last = max((high / step - 1e-9).rounded(.up), first + 1)
        if high == low, low > bounds.lowerBound { first -= 1 }
        first = max(first, (bounds.lowerBound / step).rounded(.up))
        last = max(min(last, (bounds.upperBound / step).rounded(.down)), first + 1)
        ticks = (Int(first)...Int(last)).map { Double($0) * step }
        decimals = max(0, -Int(log10(step * 1.001).rounded(.down)))
        isLogarithmic = false
    }

    /// Creates a logarithmic axis between numbers of 1, 2 or 5 times a power of ten.
    ///
    /// The ticks between the ends are such numbers too, or only powers of ten where the axis covers
    /// more than two of them.
    ///
    /// - Parameters:
    ///   - title: the quantity and its unit.
    ///   - values: the finite numbers above 0 to cover, at least one.
    package init(_ title: String, logarithmicCovering values: [Double]) {
        precondition(values.allSatisfy { $0 > 0 && $0.isFinite }, "logarithms need numbers above 0")
        self.title = title
        let (low, high) = (values.min() ?? 1, values.max() ?? 1)
        // The margins absorb rounding errors of the logarithms.
        let first = Int((log10(low) - 1e-9).rounded(.down))
        let last = Int((log10(high) + 1e-9).rounded(.up))
        let all = (first...max(last, first + 1)).flatMap { power in
            [1.0, 2, 5].map { (value: $0 * pow(10, Double(power)), isPower: $0 == 1) }
        }
        let start = all.lastIndex { $0.value <= low * (1 + 1e-9) } ?? 0
        let end = all.firstIndex { $0.value >= high * (1 - 1e-9) } ?? all.count - 1
        let covered = all[start...max(end, start + 1)]
        let inner = covered.dropFirst().dropLast().filter { $0.isPower || covered.count <= 7 }
        ticks = [covered.first, covered.last].compactMap { $0 }.map(\.value)
        ticks.insert(contentsOf: inner.map(\.value), at: 1)
        decimals = 0
        isLogarithmic = true
    }

    /// The maximum number of intervals that fit the ticks' numbers.
    private static let intervals = 5

    /// The text at a tick.
    func text(_ tick: Double) -> String {
        isLogarithmic ? shortNumber(tick, decimals: 6) : fixedPoint(tick, decimals: decimals)
    }

    /// The position of a number, from 0 at the first tick to 1 at the last.
    func place(_ value: Double) -> Double {
        let (first, last) = (ticks[0], ticks[ticks.count - 1])
        return isLogarithmic
            ? log(value / first) / log(last / first) : (value - first) / (last - first)
    }

    private static func roundStep(_ step: Double) -> Double {
        let power = pow(10, log10(step).rounded(.down))
        return [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= step * (1 - 1e-9) } ?? 10 * power
    }
}
