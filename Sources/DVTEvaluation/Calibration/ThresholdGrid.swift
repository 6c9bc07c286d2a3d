/// The thresholds that are tried at every exit but the last: quantiles of the exit's scores, and
/// the two ends, where all images leave and where none does.
struct ThresholdGrid {
    /// A cell between two thresholds holds at least this many images, so that no threshold rests
    /// on a few of them.
    static let imagesPerCell = 20
    /// More cells change the frontier by less than a set of images can tell.
    static let cellLimit = 64

    /// The thresholds of every exit but the last, ascending.
    let thresholds: [[Float]]
    /// The number of each image's highest threshold that its score reaches, `[K - 1][n]`: it leaves
    /// under threshold j where that is at least j.
    let reached: [[Int32]]

    /// Makes the grid.
    ///
    /// - Parameters:
    ///   - scores: the images' scores.
    ///   - cells: the cells of each exit, or nil for as many as the number of images allows.
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

    /// By halving; the first threshold, 0, is reached by all.
    private static func highest(of thresholds: [Float], reachedBy score: Float) -> Int32 {
        var (low, high) = (0, thresholds.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if score >= thresholds[middle] { low = middle } else { high = middle }
        }
        return Int32(low)
    }
}
