import DVTCore
import DVTSupport

/// A rectangle of a normalized image replaced by normal noise.
///
/// As timm's `RandomErasing` in its mode `pixel`, once an image: each value becomes a number of
/// mean 0 and deviation 1. If none of ten rectangles is smaller than the image, none is erased.
///
/// - SeeAlso: Zhong et al., 2017, <https://arxiv.org/abs/1708.04896>.
public struct RandomErasing: Hashable, Sendable {
    /// How often a part is erased, from 0 to 1.
    public var probability: Double
    /// The part of the image's area, even.
    public var area: ClosedRange<Double>
    /// Height / width, even in its logarithm.
    public var aspectRatio: ClosedRange<Double>

    /// Creates a way of erasing.
    ///
    /// - Parameters:
    ///   - probability: how often a part is erased.
    ///   - area: the part of the image's area.
    ///   - aspectRatio: height / width.
    public init(
        probability: Double = 0.25, area: ClosedRange<Double> = 0.02...1.0 / 3,
        aspectRatio: ClosedRange<Double> = 0.3...1 / 0.3
    ) {
        self.probability = probability
        self.area = area
        self.aspectRatio = aspectRatio
    }

    /// Erases a part, or not.
    ///
    /// - Parameters:
    ///   - values: the image, shape `[3, side, side]`.
    ///   - side: its width and height.
    ///   - random: where the numbers come from.
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
            // The ratio is the other way round than a crop's.
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
