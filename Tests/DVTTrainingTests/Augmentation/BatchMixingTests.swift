import DVTCore
import DVTTestSupport
import Testing

@testable import DVTTraining

/// Mixup, cutmix and their targets.
@Suite struct BatchMixingTests {
    /// Images of 2 x 2 pixels; all values of an image are its number, from 1.
    private func images(_ count: Int) -> Tensor {
        Tensor(
            [count, 3, 2, 2],
            values: (1...count).flatMap { [Float](repeating: Float($0), count: 12) })
    }

    /// The middle one of three images is its own partner.
    @Test func mixupAddsPartners() {
        var mixed = images(3)
        BatchMix.mixup(share: 0.75).apply(to: &mixed)
        // 0.75 * 1 + 0.25 * 3, 2 and 0.75 * 3 + 0.25 * 1, all exact in float32.
        #expect(mixed.values == [1.5, 2, 2.5].flatMap { [Float](repeating: $0, count: 12) })
        #expect(BatchMix.mixup(share: 0.75).share(side: 2) == 0.75)
    }

    @Test func cutmixPastesARectangle() {
        let mix = BatchMix.cutmix(rows: 1..<2, columns: 0..<2)
        var mixed = images(3)
        mix.apply(to: &mixed)
        func image(_ own: Float, _ other: Float) -> [Float] {
            [[Float]](repeating: [own, own, other, other], count: 3).flatMap { $0 }
        }
        #expect(mixed.values == image(1, 3) + image(2, 2) + image(3, 1))
        #expect(mix.share(side: 2) == 0.5)
        var same = images(2)
        BatchMix.cutmix(rows: 0..<0, columns: 0..<2).apply(to: &same)
        BatchMix.none.apply(to: &same)
        #expect(same == images(2) && BatchMix.none.share(side: 2) == 1)
    }

    @Test func targetsAreSmoothedAndShared() {
        let targets = Tensor.softTargets([2, 0, 0], classes: 4, smoothing: 0.1, share: 0.75)
        // Off 0.025, on 0.925: 0.75 of the image's own target and 0.25 of the partner's.
        let expected: [Float] = [
            0.25, 0.025, 0.7, 0.025,  //
            0.925, 0.025, 0.025, 0.025,  //
            0.7, 0.025, 0.25, 0.025,
        ]
        // Sums of two products in float32.
        expectClose(targets, Tensor([3, 4], values: expected), absolute: 1e-6)
        let plain = Tensor.softTargets([1], classes: 3, smoothing: 0, share: 1)
        #expect(plain == Tensor([1, 3], values: [0, 1, 0]))
    }

    @Test func halfOfBatchesUseCutmix() {
        let mixing = BatchMixing()
        var random = numbers()
        let mixes = (0..<4000).map { _ in mixing.mix(side: 32, random: &random) }
        let mixups = mixes.compactMap { mix in
            if case .mixup(let share) = mix { share } else { nil }
        }
        // 2,000 with a deviation of 32.
        #expect(abs(mixups.count - 2000) < 160)
        // B(0.8, 0.8) has a variance of 0.096; the errors of the mean are 0.007, of the variance
        // 0.002.
        #expect(abs(mixups.mean - 0.5) < 0.035 && abs(mixups.variance - 0.0962) < 0.01)
        let cuts = mixes.filter { mix in if case .cutmix = mix { true } else { false } }
        #expect(mixups.count + cuts.count == 4000)
        let shares = cuts.map { $0.share(side: 32) }
        #expect(shares.allSatisfy { (0...1).contains($0) })
        // Uniform from 0 to 1 except for the part outside the image.
        #expect((0.55...0.75).contains(shares.mean))
    }

    @Test func eachCanBeDisabled() {
        func mixes(_ mixing: BatchMixing) -> [BatchMix] {
            var random = numbers("off")
            return (0..<200).map { _ in mixing.mix(side: 8, random: &random) }
        }
        #expect(
            mixes(BatchMixing(cutmixAlpha: 0)).allSatisfy { mix in
                if case .mixup = mix { true } else { false }
            })
        #expect(
            mixes(BatchMixing(mixupAlpha: 0)).allSatisfy { mix in
                if case .cutmix = mix { true } else { false }
            })
        #expect(mixes(BatchMixing(mixupAlpha: 0, cutmixAlpha: 0)).allSatisfy { $0 == .none })
        #expect(mixes(BatchMixing(probability: 0)).allSatisfy { $0 == .none })
    }
}
