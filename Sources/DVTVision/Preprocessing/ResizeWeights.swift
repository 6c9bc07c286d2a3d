/// The fixed-point weights for resizing rows or columns.
struct ResizeWeights {
    /// The number of fractional bits, Pillow's PRECISION_BITS for 8-bit samples.
    static let precision: Int32 = 22

    /// The first input of each output.
    private(set) var first: [Int] = []
    /// The number of inputs of each output.
    private(set) var count: [Int] = []
    /// The weights of each output, ``stride`` apart.
    private(set) var weights: [Int32] = []
    /// The distance between the weights of consecutive outputs.
    let stride: Int

    /// Computes the weights as Pillow does.
    ///
    /// - Parameters:
    ///   - inputSize: the number of inputs.
    ///   - outputSize: the number of outputs.
    ///   - outputs: the outputs to compute.
    ///   - filter: the resampling filter.
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

    static func normalized(_ weights: [Double]) -> [Double] {
        let sum = weights.reduce(0, +)
        return sum == 0 ? weights : weights.map { $0 / sum }
    }

    /// Rounds half away from zero.
    private static func fixedPoint(_ weight: Double) -> Int32 {
        Int32((weight < 0 ? -0.5 : 0.5) + weight * Double(Int32(1) << precision))
    }
}

// The inner loops use raw memory: bounds checks make them several times slower.
extension ResizeWeights {
    /// The range of inputs that contribute to any output.
    var inputs: Range<Int> {
        let end = zip(first, count).map { $0 + $1 }.max() ?? 0
        return (first.min() ?? 0)..<end
    }

    private static let half = Int32(1) << (precision - 1)

    private static func rounded(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: max(0, min(255, sum >> precision)))
    }

    /// Resizes one row from `source` into `target`.
    func resizeRow(
        _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>
    ) {
        weights.withUnsafeBufferPointer { weights in
            var target = target
            var start = 0
            for output in first.indices {
                var pixel = source + first[output] * 3
                var sum = SIMD4<Int32>(repeating: Self.half)
                for tap in start..<start + count[output] {
                    let samples = SIMD4(
                        Int32(pixel[0]), Int32(pixel[1]), Int32(pixel[2]), 0)
                    sum &+= samples &* weights[tap]
                    pixel += 3
                }
                target[0] = Self.rounded(sum[0])
                target[1] = Self.rounded(sum[1])
                target[2] = Self.rounded(sum[2])
                target += 3
                start += stride
            }
        }
    }

    /// Resizes all columns, row by row.
    ///
    /// - Parameters:
    ///   - source: the rows, starting at `firstRow` of the image.
    ///   - rowByteCount: the samples of a row.
    ///   - firstRow: the image row at which `source` starts.
    ///   - target: receives the rows.
    func resizeColumns(
        _ source: UnsafeBufferPointer<UInt8>, rowByteCount: Int, firstRow: Int,
        into target: UnsafeMutableBufferPointer<UInt8>
    ) {
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: rowByteCount) { sums in
            guard let sums = sums.baseAddress else { return }
            for output in first.indices {
                sums.initialize(repeating: Self.half, count: rowByteCount)
                for tap in 0..<count[output] {
                    let row = source + (first[output] - firstRow + tap) * rowByteCount
                    let weight = weights[output * stride + tap]
                    for index in 0..<rowByteCount {
                        sums[index] &+= Int32(row[index]) &* weight
                    }
                }
                let row = target + output * rowByteCount
                for index in 0..<rowByteCount {
                    row[index] = Self.rounded(sums[index])
                }
            }
        }
    }
}
