package import DVTCore
import Glibc

/// The bicubic resampling of position embeddings to the token grid of another image size.
///
/// timm resamples with the filter of Pillow, whose window grows with the source's steps
/// (`antialias=True` in PyTorch); Hugging Face transformers interpolates between 4 x 4 neighbors.
package enum PositionResampling: Sendable {
    /// timm's: Keys' kernel with a = -0.5, stretched when the grid shrinks.
    case antialiased
    /// PyTorch's bicubic interpolation: a = -0.75, neighbors beyond the edge repeated.
    case interpolated

    /// The taps of each target row or column: source indices and weights that add up to 1.
    ///
    /// - Parameters:
    ///   - source: the side of the source grid.
    ///   - target: the side of the target grid.
    /// - Returns: the taps.
    func taps(from source: Int, to target: Int) -> [[(index: Int, weight: Double)]] {
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

    /// Resamples positions to another square grid, except those of the tokens before the patches.
    ///
    /// - Parameters:
    ///   - positions: `[1, P + M, D]`, M a square.
    ///   - target: `[1, P + N, D]`, N a square.
    ///   - prefix: P.
    /// - Returns: the positions, of the shape `target`.
    package func resampled(_ positions: Tensor, to target: Shape, prefix: Int) -> Tensor {
        let width = positions.shape[2]
        guard let source = squareSide(positions.shape[1] - prefix),
            let side = squareSide(target[1] - prefix)
        else {
            preconditionFailure("positions lie on a square grid")
        }
        let taps = taps(from: source, to: side)
        var values = Array(positions.values[..<(prefix * width)])
        for row in taps {
            for column in taps {
                var sums = [Double](repeating: 0, count: width)
                for (y, a) in row {
                    for (x, b) in column {
                        let start = (prefix + y * source + x) * width
                        for index in 0..<width {
                            sums[index] += a * b * Double(positions.values[start + index])
                        }
                    }
                }
                values += sums.map { Float($0) }
            }
        }
        return Tensor(target, values: values)
    }
}

/// The side of a square with this number of cells, at least one, or nil.
package func squareSide(_ count: Int) -> Int? {
    guard count > 0 else { return nil }
    let side = Int(Double(count).squareRoot().rounded())
    return side * side == count ? side : nil
}
