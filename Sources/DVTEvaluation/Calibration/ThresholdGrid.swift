/// The candidate thresholds of each exit but the last: quantiles of its scores, and the two ends at
/// which all images or none exit.
struct ThresholdGrid {
    /// The minimum number of images per cell, so no threshold depends on only a few.
    static let imagesPerCell = 20
    /// The maximum number of cells; more change the frontier by less than the sampling error.
    static let cellLimit = 64

    /// The thresholds of each exit but the last, ascending.
    let thresholds: [[Float]]
    /// The index of the highest threshold that each image's score reaches, `[K - 1][n]`: the image
    /// exits under threshold j if the index is at least j.
    let reached: [[Int32]]

    /// Creates the grid.
    ///
    /// - Parameters:
    ///   - scores: the scores of the calibration images.
    ///   - cells: the number of cells per exit, or nil for as many as the images allow.
    init(_ scores: ExitScores, cells: Int? = nil) {
        let cells =
            cells ?? min(Self.cellLimit, max(2, scores.images / Self.imagesPerCell))
        let thresholds = scores.scores.dropLast().map { Self.thresholds($0, cells: cells) }
        self.thresholds = thresholds
        reached = zip(scores.scores, thresholds).map { scores, thresholds in
            scores.map { Self.highest(of: thresholds, reachedBy: $0) }
        }
    }

    private static func thresholds(_ scores: [Float], cells: Int) -> [Float] {
        let sorted = scores.sorted()
        var thresholds: [Float] = [0]
        for cell in 1..<cells {
            let quantile = sorted[cell * sorted.count / cells]
            if quantile > thresholds[thresholds.count - 1] { thresholds.append(quantile) }
        }
        return thresholds + [ThresholdEnds.none]
    }

    /// Binary search; every score reaches the first threshold, 0.
    private static func highest(of thresholds: [Float], reachedBy score: Float) -> Int32 {
        var (low, high) = (0, thresholds.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if score >= thresholds[middle] { low = middle } else { high = middle }
        }
        return Int32(low)
    }
}
