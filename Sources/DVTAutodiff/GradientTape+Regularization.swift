internal import DVTCore
import DVTSupport

/// The rates of dropout and stochastic depth in a training run.
package struct TapeRegularization: Sendable, Equatable {
    /// The probability that dropout zeroes an element of the embedded tokens and, in every block,
    /// of the MLP's hidden layer and both branches.
    package var dropout: Float
    /// The probability that the last block's branches are dropped for an image; it rises linearly
    /// from 0 at the first block.
    package var stochasticDepth: Float

    /// Creates the settings.
    ///
    /// - Parameters:
    ///   - dropout: the probability that an element is zeroed, in 0 ..< 1.
    ///   - stochasticDepth: the probability that a branch of the last block is dropped, in
    ///     0 ..< 1.
    /// - SeeAlso: Huang et al., Deep Networks with Stochastic Depth,
    ///   <https://arxiv.org/abs/1603.09382>.
    package init(dropout: Float = 0, stochasticDepth: Float = 0) {
        self.dropout = dropout
        self.stochasticDepth = stochasticDepth
    }
}

/// The seeded random numbers of one run.
struct TapeRandom {
    private let bits: SeededValues
    private var drawn = 0

    init(seed: UInt64) {
        bits = SeededValues(name: "regularization", seed: seed)
    }

    mutating func next() -> UInt64 {
        drawn += 1
        return bits.bits(drawn - 1)
    }
}

extension GradientTape {
    /// Sets the seed of dropout and stochastic depth for the next run.
    ///
    /// - Parameter seed: equal seeds drop the same elements and branches.
    package func reseed(_ seed: UInt64) {
        random = TapeRandom(seed: seed)
    }

    package func dropout(_ x: TapeTensor<Base>) throws -> TapeTensor<Base> {
        guard regularization.dropout > 0 else { return x }
        let mask = DropoutMask(
            rate: regularization.dropout, seed: UInt32(truncatingIfNeeded: random.next()))
        let base = base
        return record(try base.dropout(x.value, mask), from: [x]) { dy in
            try x.accumulate(base.dropout(dy, mask), on: base)
        }
    }

    package func addBranch(
        _ x: TapeTensor<Base>, _ layer: TapeLinear<Base>, to residual: TapeTensor<Base>,
        dropPath share: Float
    ) throws -> TapeTensor<Base> {
        let rate = regularization.stochasticDepth * share
        guard regularization.dropout > 0 || rate > 0 else {
            return try linear(x, layer, activation: .identity, residual: residual)
        }
        let branch = try dropout(linear(x, layer, activation: .identity, residual: nil))
        return try added(dropPath(branch, rate: rate), residual)
    }

    /// Drops the branch for some images and scales it up for the others.
    private func dropPath(
        _ branch: TapeTensor<Base>, rate: Float
    ) throws -> TapeTensor<Base> {
        guard rate > 0 else { return branch }
        let factors = (0..<branch.shape[0]).map { _ in
            Double(random.next() >> 40) / 16_777_216 < Double(rate) ? 0 : 1 / (1 - rate)
        }
        let base = base
        let scale = try base.upload(Tensor([factors.count], values: factors))
        return record(try base.scaled(branch.value, byImage: scale), from: [branch]) { dy in
            try branch.accumulate(base.scaled(dy, byImage: scale), on: base)
        }
    }
}
