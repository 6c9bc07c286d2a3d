package import DVTCore

extension CubicResampling {
    /// Resamples position embeddings to the square token grid of another image size, except those
    /// of the tokens before the patches.
    ///
    /// timm resamples ``antialiased``, Hugging Face transformers ``interpolated``.
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
