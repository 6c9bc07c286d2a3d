/// How pixels between those of an image are found when it is resized.
public enum ResizeFilter: String, Sendable, CaseIterable {
    /// Weights that fall off linearly over one pixel.
    case bilinear
    /// Weights from Keys's cubic with a = -0.5, which reaches two pixels and sharpens a little.
    case bicubic

    /// The distance at which the weights reach zero, in pixels of the smaller image.
    var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        }
    }

    /// The weight of a pixel.
    ///
    /// - Parameter distance: how far it is, in pixels of the smaller image.
    /// - Returns: the weight, not yet normalized.
    func weight(at distance: Double) -> Double {
        let x = abs(distance)
        // Written as Pillow writes it: another order of the same terms rounds differently.
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
    /// The inputs that make each output along an axis, with weights that add up to 1.
    ///
    /// - Parameters:
    ///   - inputSize: how many there are.
    ///   - outputSize: how many are wanted.
    /// - Returns: for every output, inputs and weights.
    package func taps(from inputSize: Int, to outputSize: Int) -> [[(index: Int, weight: Double)]] {
        (0..<outputSize).map { taps(of: $0, inputSize: inputSize, outputSize: outputSize) }
    }

    /// The inputs of one output.
    fileprivate func taps(
        of output: Int, inputSize: Int, outputSize: Int
    ) -> [(index: Int, weight: Double)] {
        let scale = Double(inputSize) / Double(outputSize)
        // When an image shrinks, the filter widens with it, so that no pixel is passed over.
        let filterScale = max(scale, 1)
        let reach = support * filterScale
        let center = (Double(output) + 0.5) * scale
        let inputs = max(0, Int(center - reach + 0.5))..<min(inputSize, Int(center + reach + 0.5))
        let weights = inputs.map { weight(at: (Double($0) - center + 0.5) * (1 / filterScale)) }
        return Array(zip(inputs, ResizeWeights.normalized(weights)))
    }
}

/// The fixed-point weights that make each pixel of a resized row or column.
struct ResizeWeights {
    /// The bits after the point, Pillow's PRECISION_BITS for 8-bit samples.
    static let precision: Int32 = 22

    /// For each output, the first input it is made of.
    private(set) var first: [Int] = []
    /// For each output, how many inputs it is made of.
    private(set) var count: [Int] = []
    /// For each output, its weights; ``stride`` apart.
    private(set) var weights: [Int32] = []
    /// The distance between the weights of one output and the next.
    let stride: Int

    /// Computes the weights as Pillow does.
    ///
    /// - Parameters:
    ///   - inputSize: the number of pixels there are.
    ///   - outputSize: the number of pixels wanted.
    ///   - outputs: which of them are needed.
    ///   - filter: how they are found.
    init(inputSize: Int, outputSize: Int, outputs: Range<Int>, filter: ResizeFilter) {
        let taps = outputs.map {
            filter.taps(of: $0, inputSize: inputSize, outputSize: outputSize)
        }
        stride = taps.map(\.count).max() ?? 0
        weights = [Int32](repeating: 0, count: stride * outputs.count)
        for (row, taps) in taps.enumerated() {
            first.append(taps.first?.index ?? 0)
            count.append(taps.count)
            for (tap, entry) in taps.enumerated() {
                weights[row * stride + tap] = Self.fixedPoint(entry.weight)
            }
        }
    }

    fileprivate static func normalized(_ weights: [Double]) -> [Double] {
        let sum = weights.reduce(0, +)
        return sum == 0 ? weights : weights.map { $0 / sum }
    }

    /// Rounds half away from zero.
    private static func fixedPoint(_ weight: Double) -> Int32 {
        Int32((weight < 0 ? -0.5 : 0.5) + weight * Double(Int32(1) << precision))
    }
}
