import Glibc

/// A learning rate schedule: linear warm-up, then cosine decay to a final rate.
package struct LearningRateSchedule: Hashable, Sendable {
    /// The rate after the warm-up.
    package var peak: Double
    /// The rate at the end.
    package var last: Double
    /// The fraction of the run in which the rate rises from 0 to its peak.
    package var warmup: Double

    /// Creates a schedule.
    ///
    /// - Parameters:
    ///   - peak: the rate after the warm-up.
    ///   - last: the rate at the end.
    ///   - warmup: the fraction of the run for the warm-up, from 0 to 1.
    /// - SeeAlso: Loshchilov and Hutter, SGDR, <https://arxiv.org/abs/1608.03983>.
    package init(peak: Double, last: Double, warmup: Double) {
        self.peak = peak
        self.last = last
        self.warmup = warmup
    }

    /// The rate at a point of the run.
    ///
    /// - Parameter progress: the completed fraction of the run, from 0 to 1.
    /// - Returns: the rate.
    package func rate(at progress: Double) -> Double {
        let progress = min(max(progress, 0), 1)
        // Avoids a rate of 0 in the first step.
        if progress < warmup { return peak * max(progress / warmup, 0.001) }
        let rest = warmup < 1 ? (progress - warmup) / (1 - warmup) : 1
        return last + (peak - last) * (1 + cos(Double.pi * rest)) / 2
    }
}
