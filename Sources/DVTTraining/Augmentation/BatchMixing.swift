import DVTSupport

/// Mixing of image pairs in a batch by mixup or cutmix.
///
/// As in timm's `Mixup` with mode `batch`, there is one draw per batch, and image i is mixed with
/// image B - 1 - i. Mixup adds them with weights l and 1 - l; cutmix pastes a rectangle that covers
/// about 1 - l of the area. l is drawn from Beta(alpha, alpha).
///
/// - SeeAlso: <https://arxiv.org/abs/1710.09412>, <https://arxiv.org/abs/1905.04899>.
package struct BatchMixing: Hashable, Sendable {
    /// The alpha of mixup; 0 disables it.
    package var mixupAlpha: Double
    /// The alpha of cutmix; 0 disables it.
    package var cutmixAlpha: Double
    /// The probability that a batch is mixed, from 0 to 1.
    package var probability: Double
    /// The probability of cutmix instead of mixup if both are enabled, from 0 to 1.
    package var switchProbability: Double

    /// Creates a mixing configuration.
    ///
    /// - Parameters:
    ///   - mixupAlpha: the alpha of mixup.
    ///   - cutmixAlpha: the alpha of cutmix.
    ///   - probability: the probability that a batch is mixed.
    ///   - switchProbability: the probability of cutmix if both are enabled.
    package init(
        mixupAlpha: Double = 0.8, cutmixAlpha: Double = 1, probability: Double = 1,
        switchProbability: Double = 0.5
    ) {
        self.mixupAlpha = mixupAlpha
        self.cutmixAlpha = cutmixAlpha
        self.probability = probability
        self.switchProbability = switchProbability
    }

    /// Draws the mix of one batch of images of `side` by `side` pixels.
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
