import DVTCore
import DVTSupport

/// Images of a batch mixed in pairs, by mixup or cutmix.
///
/// As timm's `Mixup` in its mode `batch`: one draw for a whole batch, in which image i is mixed
/// with image B - 1 - i. Mixup adds them with the shares l and 1 - l; cutmix pastes a rectangle
/// of about 1 - l of the area. l is of the distribution B(alpha, alpha).
///
/// - SeeAlso: <https://arxiv.org/abs/1710.09412>, <https://arxiv.org/abs/1905.04899>.
public struct BatchMixing: Hashable, Sendable {
    /// The alpha of mixup; 0 turns it off.
    public var mixupAlpha: Double
    /// The alpha of cutmix; 0 turns it off.
    public var cutmixAlpha: Double
    /// How often a batch is mixed, from 0 to 1.
    public var probability: Double
    /// How often it is mixed by cutmix, where both are on, from 0 to 1.
    public var switchProbability: Double

    /// Creates a way of mixing.
    ///
    /// - Parameters:
    ///   - mixupAlpha: the alpha of mixup.
    ///   - cutmixAlpha: the alpha of cutmix.
    ///   - probability: how often a batch is mixed.
    ///   - switchProbability: how often it is mixed by cutmix, where both are on.
    public init(
        mixupAlpha: Double = 0.8, cutmixAlpha: Double = 1, probability: Double = 1,
        switchProbability: Double = 0.5
    ) {
        self.mixupAlpha = mixupAlpha
        self.cutmixAlpha = cutmixAlpha
        self.probability = probability
        self.switchProbability = switchProbability
    }

    /// Draws how a batch is mixed.
    ///
    /// - Parameters:
    ///   - side: the width and height of its images.
    ///   - random: where the numbers come from.
    /// - Returns: the mix.
    func mix(side: Int, random: inout SeededGenerator) -> BatchMix {
        guard random.unit() < probability, mixupAlpha > 0 || cutmixAlpha > 0 else { return .none }
        let prefersCutmix = random.unit() < switchProbability
        guard cutmixAlpha > 0, prefersCutmix || mixupAlpha == 0 else {
            return .mixup(share: random.beta(mixupAlpha))
        }
        let length = Int(Double(side) * (1 - random.beta(cutmixAlpha)).squareRoot())
        func cut() -> Range<Int> {
            let center = random.next(below: side)
            return max(0, center - length / 2)..<min(side, center + length / 2)
        }
        return .cutmix(rows: cut(), columns: cut())
    }
}

/// How one batch is mixed.
enum BatchMix: Equatable {
    /// Not at all.
    case none
    /// Each value is `share` times its own and `1 - share` times its partner's.
    case mixup(share: Double)
    /// These pixels are the partner's.
    case cutmix(rows: Range<Int>, columns: Range<Int>)

    /// The share of an image's own label.
    ///
    /// - Parameter side: the width and height of the images.
    /// - Returns: 0 to 1.
    func share(side: Int) -> Double {
        switch self {
        case .none: 1
        case .mixup(let share): share
        case .cutmix(let rows, let columns):
            1 - Double(rows.count * columns.count) / Double(side * side)
        }
    }

    /// Mixes a batch.
    ///
    /// - Parameter images: the images, shape `[B, 3, side, side]`.
    func apply(to images: inout Tensor) {
        let (count, side) = (images.shape[0], images.shape[3])
        let size = 3 * side * side
        images.values.withUnsafeMutableBufferPointer { values in
            guard let values = values.baseAddress else { return }
            for image in 0..<(count + 1) / 2 {
                let (first, second) = (values + image * size, values + (count - 1 - image) * size)
                switch self {
                case .none: return
                case .mixup(let share):
                    Self.add(first, second, Float(share), Float(1 - share), count: size)
                case .cutmix(let rows, let columns):
                    for plane in 0..<3 {
                        for row in rows {
                            let start = (plane * side + row) * side
                            for index in start + columns.lowerBound..<start + columns.upperBound {
                                (first[index], second[index]) = (second[index], first[index])
                            }
                        }
                    }
                }
            }
        }
    }

    private static func add(
        _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>,
        _ own: Float, _ other: Float, count: Int
    ) {
        for index in 0..<count {
            let (a, b) = (first[index], second[index])
            first[index] = a * own + b * other
            second[index] = b * own + a * other
        }
    }
}

extension Tensor {
    /// The targets of a batch: what each class's probability should be.
    ///
    /// With C classes and a smoothing of s, a label is `1 - s + s / C` at its class and `s / C`
    /// elsewhere; image i has `share` of its own and `1 - share` of image B - 1 - i's.
    ///
    /// - Parameters:
    ///   - labels: the class of each image.
    ///   - classes: their number C.
    ///   - smoothing: the part that all classes share.
    ///   - share: the share of the image's own label.
    /// - Returns: shape `[B, C]`; each row adds up to 1.
    static func softTargets(
        _ labels: [Int], classes: Int, smoothing: Double, share: Double
    ) -> Tensor {
        let off = smoothing / Double(classes)
        let (on, own, other) = (Float(1 - smoothing + off), Float(share), Float(1 - share))
        var targets = Tensor(
            [labels.count, classes], repeating: Float(off) * own + Float(off) * other)
        for (row, (label, partner)) in zip(labels, labels.reversed()).enumerated() {
            let start = row * classes
            targets.values[start + label] = on * own + Float(off) * other
            targets.values[start + partner] = Float(off) * own + on * other
            if label == partner { targets.values[start + label] = on * own + on * other }
        }
        return targets
    }
}
