/// Bicubic resampling along one axis, as PyTorch's `interpolate(mode="bicubic")` does with and
/// without `antialias=True`.
package enum CubicResampling: Sendable {
    /// Pillow's and timm's: Keys' kernel with a = -0.5, stretched when the axis shrinks.
    case antialiased
    /// PyTorch's interpolation: a = -0.75 between 4 neighbors, those beyond the edge repeated.
    case interpolated

    /// The taps of each target cell: source cells and weights that add up to 1.
    ///
    /// - Parameters:
    ///   - source: the number of source cells.
    ///   - target: the number of target cells.
    /// - Returns: the taps.
    package func taps(from source: Int, to target: Int) -> [[(index: Int, weight: Double)]] {
        let step = Double(source) / Double(target)
        return (0..<target).map { cell in
            let center = (Double(cell) + 0.5) * step
            switch self {
            case .interpolated:
                let first = Int((center - 0.5).rounded(.down)) - 1
                return (first..<first + 4).map { index in
                    let distance = abs(Double(index) + 0.5 - center)
                    return (min(max(index, 0), source - 1), Self.kernel(distance, a: -0.75))
                }
            case .antialiased:
                let scale = max(step, 1)
                let first = max(Int(center - 2 * scale + 0.5), 0)
                let end = min(Int(center + 2 * scale + 0.5), source)
                let weights = (first..<end).map {
                    Self.kernel(abs((Double($0) + 0.5 - center) / scale), a: -0.5)
                }
                let sum = weights.reduce(0, +)
                return zip(first..<end, weights).map { ($0, $1 / sum) }
            }
        }
    }

    /// Keys' cubic kernel.
    private static func kernel(_ x: Double, a: Double) -> Double {
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0
    }
}
