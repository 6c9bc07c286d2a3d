/// A resampling filter.
public enum ResizeFilter: String, Sendable, CaseIterable {
    /// Weights that decrease linearly over one pixel.
    case bilinear
    /// Keys's cubic with a = -0.5, which spans two pixels and sharpens slightly.
    case bicubic

    /// The distance at which weights reach zero, in pixels of the smaller image.
    var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        }
    }

    /// The unnormalized weight at a distance in pixels of the smaller image.
    func weight(at distance: Double) -> Double {
        let x = abs(distance)
        // The order of terms is Pillow's: another one rounds differently.
        switch self {
        case .bilinear:
            return x < 1 ? 1 - x : 0
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
            return 0
        }
    }
}

extension ResizeFilter {
    /// Returns the inputs of each output along an axis, with normalized weights.
    ///
    /// - Parameters:
    ///   - inputSize: the number of inputs.
    ///   - outputSize: the number of outputs.
    /// - Returns: for each output, its inputs and their weights, which add up to 1.
    package func taps(from inputSize: Int, to outputSize: Int) -> [[(index: Int, weight: Double)]] {
        (0..<outputSize).map { taps(of: $0, inputSize: inputSize, outputSize: outputSize) }
    }

    /// Returns the inputs of one output.
    func taps(
        of output: Int, inputSize: Int, outputSize: Int
    ) -> [(index: Int, weight: Double)] {
        let scale = Double(inputSize) / Double(outputSize)
        // When downscaling, the filter widens to cover every input.
        let filterScale = max(scale, 1)
        let reach = support * filterScale
        let center = (Double(output) + 0.5) * scale
        let inputs = max(0, Int(center - reach + 0.5))..<min(inputSize, Int(center + reach + 0.5))
        let weights = inputs.map { weight(at: (Double($0) - center + 0.5) * (1 / filterScale)) }
        return Array(zip(inputs, ResizeWeights.normalized(weights)))
    }
}
