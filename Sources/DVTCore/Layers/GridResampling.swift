/// The resampling of tokens from one square grid to another; the class token is unchanged.
///
/// Along each axis, g cells are upsampled (nearest) to `u = g * ceil(t / g)` and averaged over the
/// windows `floor(i u / t) ..< ceil((i + 1) u / t)`, as PyTorch's nearest interpolation and
/// adaptive average pooling do: 7 -> 14 only repeats, 7 -> 10 goes through 14, 10 -> 14 through 20.
/// The operation is linear and separable, so each fine token is a weighted sum of a few coarse
/// tokens: `fine[i] = sum_p weight[p, i] coarse[index[p, i]]`. Token 0, the class token, maps to
/// itself.
public struct GridResampling: Hashable, Sendable {
    /// The side of the coarse grid.
    public let source: Int
    /// The side of the fine grid.
    public let target: Int

    /// Creates the resampling between two square grids.
    ///
    /// - Parameters:
    ///   - source: the side of the grid that is read.
    ///   - target: the side of the grid that is written.
    public init(from source: Int, to target: Int) {
        precondition(source > 0 && target > 0, "grids have at least one cell")
        self.source = source
        self.target = target
    }

    /// The contribution of a source cell to a target cell.
    public struct Tap: Hashable, Sendable {
        /// The source cell or token.
        public let index: Int
        /// Its weight; the weights of a target sum to 1.
        public let weight: Float
    }

    /// The taps of each cell along one axis.
    package var axisTaps: [[Tap]] {
        let repeats = (target + source - 1) / source
        let upsampled = source * repeats
        return (0..<target).map { cell in
            let lower = cell * upsampled / target
            let upper = ((cell + 1) * upsampled + target - 1) / target
            let counts = Dictionary(grouping: lower..<upper) { $0 / repeats }.mapValues(\.count)
            return counts.sorted { $0.key < $1.key }.map {
                Tap(index: $0.key, weight: Float($0.value) / Float(upper - lower))
            }
        }
    }

    /// The taps of each fine token; on both grids the class token has index 0.
    public var tokenTaps: [[Tap]] {
        let axis = axisTaps
        let patches = axis.flatMap { rows in
            axis.map { columns in
                rows.flatMap { row in
                    columns.map { column in
                        Tap(
                            index: 1 + row.index * source + column.index,
                            weight: row.weight * column.weight)
                    }
                }
            }
        }
        return [[Tap(index: 0, weight: 1)]] + patches
    }

    /// The fine tokens that read each coarse token, with their weights, for the backward pass.
    package var transposedTokenTaps: [[Tap]] {
        var transposed = [[Tap]](repeating: [], count: source * source + 1)
        for (token, taps) in tokenTaps.enumerated() {
            for tap in taps {
                transposed[tap.index].append(Tap(index: token, weight: tap.weight))
            }
        }
        return transposed
    }

    /// ``tokenTaps`` as two dense arrays `[width, target^2 + 1]`; unused entries repeat the token's
    /// first index with weight 0, so they read no other tokens.
    package func table() -> (width: Int, indices: [Int32], weights: [Float]) {
        Self.table(of: tokenTaps)
    }

    /// ``transposedTokenTaps`` in the same form, `[width, source^2 + 1]`.
    package func transposedTable() -> (width: Int, indices: [Int32], weights: [Float]) {
        Self.table(of: transposedTokenTaps)
    }

    /// ``axisTaps`` as a dense matrix `[source, pitch]`, where pitch is the target rounded up to a
    /// multiple of 16; row c holds the weight of coarse cell c in each fine cell.
    package func axisMatrix() -> (pitch: Int, values: [Float]) {
        let pitch = (target + 15) / 16 * 16
        var values = [Float](repeating: 0, count: source * pitch)
        for (cell, taps) in axisTaps.enumerated() {
            for tap in taps {
                values[tap.index * pitch + cell] = tap.weight
            }
        }
        return (pitch, values)
    }

    /// ``axisTaps`` in the form of ``table()``, `[width, target]`.
    package func axisTable() -> (width: Int, indices: [Int32], weights: [Float]) {
        Self.table(of: axisTaps)
    }

    /// Taps in the form of ``table()``.
    package static func table(
        of taps: [[Tap]]
    ) -> (width: Int, indices: [Int32], weights: [Float]) {
        let width = taps.map(\.count).max() ?? 1
        var indices = [Int32](repeating: 0, count: width * taps.count)
        var weights = [Float](repeating: 0, count: width * taps.count)
        for (token, list) in taps.enumerated() {
            for entry in 0..<width {
                let tap = entry < list.count ? list[entry] : Tap(index: list[0].index, weight: 0)
                indices[entry * taps.count + token] = Int32(tap.index)
                weights[entry * taps.count + token] = tap.weight
            }
        }
        return (width, indices, weights)
    }
}
