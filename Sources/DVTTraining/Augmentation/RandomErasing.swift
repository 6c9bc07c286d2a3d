internal import DVTCore
import DVTSupport

/// Random erasing: replaces a rectangle of a normalized image by Gaussian noise.
///
/// As in timm's `RandomErasing` with mode `pixel` and one rectangle per image, each value is drawn
/// with mean 0 and standard deviation 1. If none of ten rectangles is smaller than the image,
/// nothing is erased.
///
/// - SeeAlso: Zhong et al., 2017, <https://arxiv.org/abs/1708.04896>.
package struct RandomErasing: Hashable, Sendable {
    /// The probability of erasing, from 0 to 1.
    package var probability: Double
    /// The range of the erased fraction of the area, uniform.
    package var area: ClosedRange<Double>
    /// The range of height / width, log-uniform.
    package var aspectRatio: ClosedRange<Double>

    /// Creates a random erasing configuration.
    ///
    /// - Parameters:
    ///   - probability: the probability of erasing.
    ///   - area: the range of the erased fraction of the area.
    ///   - aspectRatio: the range of height / width.
    package init(
        probability: Double = 0.25, area: ClosedRange<Double> = 0.02...1.0 / 3,
        aspectRatio: ClosedRange<Double> = 0.3...1 / 0.3
    ) {
        self.probability = probability
        self.area = area
        self.aspectRatio = aspectRatio
    }

    /// Erases a rectangle of an image with the configured probability.
    ///
    /// - Parameters:
    ///   - values: the normalized image, shape `[3, side, side]`.
    ///   - side: the width and height.
    ///   - random: the source of the numbers.
    func apply(to values: inout [Float], side: Int, random: inout SeededGenerator) {
        guard random.unit() < probability, let box = box(side: side, random: &random) else {
            return
        }
        for channel in 0..<3 {
            for row in box.rows {
                for column in box.columns {
                    values[(channel * side + row) * side + column] = Float(random.normal())
                }
            }
        }
    }

    private func box(side: Int, random: inout SeededGenerator) -> CropBox? {
        for _ in 0..<10 {
            // The ratio is height / width, the inverse of a crop's.
            let size = CropBox.size(
                of: random.next(area) * Double(side * side),
                ratio: 1 / random.nextRatio(aspectRatio))
            guard size.width < side, size.height < side else { continue }
            let top = random.next(below: side - size.height + 1)
            let left = random.next(below: side - size.width + 1)
            return CropBox(left: left, top: top, width: size.width, height: size.height)
        }
        return nil
    }
}
