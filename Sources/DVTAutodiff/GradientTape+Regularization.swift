public import DVTCore
import DVTSupport

/// What regularizes a network while it trains.
public struct TapeRegularization: Sendable, Equatable {
    /// The probability that dropout clears an element: of embedded tokens, and of what the linear
    /// maps of a block's branches give.
    public var dropout: Float
    /// The probability that the branches of the last block are left out for an image; it rises
    /// linearly from 0 at the first block.
    public var stochasticDepth: Float

    /// Creates the settings.
    ///
    /// - Parameters:
    ///   - dropout: the probability that an element is cleared, in 0 ..< 1.
    ///   - stochasticDepth: the probability that a branch of the last block is left out, in
    ///     0 ..< 1.
    /// - SeeAlso: Huang et al., Deep Networks with Stochastic Depth,
    ///   <https://arxiv.org/abs/1603.09382>.
    public init(dropout: Float = 0, stochasticDepth: Float = 0) {
        self.dropout = dropout
        self.stochasticDepth = stochasticDepth
    }
}

/// What a tape draws at random: a stream of its own for every run, and a place in it.
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
    /// Implements ``/DVTCore/Backend/enter(_:)``.
    public func enter(_ part: NetworkPart) {
        self.part = part
    }

    /// Chooses what dropout and stochastic depth leave out in the next run.
    ///
    /// - Parameter seed: equal seeds choose alike.
    public func reseed(_ seed: UInt64) {
        random = TapeRandom(seed: seed)
    }

    /// Dropout where the network has it: of embedded tokens and in blocks.
    func droppedOut(_ x: TapeTensor<Base>) throws -> TapeTensor<Base> {
        guard regularization.dropout > 0 else { return x }
        let mask = DropoutMask(
            rate: regularization.dropout, seed: UInt32(truncatingIfNeeded: random.next()))
        let base = base
        return record(try base.dropout(x.value, mask), from: [x]) { dy in
            try x.accumulate(base.dropout(dy, mask), on: base)
        }
    }

    /// A block's branch, left out for some images and made up for in the others.
    func thinned(_ branch: TapeTensor<Base>) throws -> TapeTensor<Base> {
        let rate = dropRate
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

    /// Whether the linear maps of a block are running, and some of their outputs may be left out.
    var isInBlock: Bool {
        if case .block = part { return true }
        return false
    }

    /// Whether branches need a pass of their own before they are added.
    var regularizesBranches: Bool {
        isInBlock && (regularization.dropout > 0 || dropRate > 0)
    }

    private var dropRate: Float {
        guard case .block(let index, let depth) = part, depth > 1 else { return 0 }
        return regularization.stochasticDepth * Float(index) / Float(depth - 1)
    }
}
