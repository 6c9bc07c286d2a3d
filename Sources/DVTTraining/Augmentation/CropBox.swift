import DVTSupport

/// The rectangle that a random crop keeps.
struct CropBox: Equatable {
    let columns: Range<Int>
    let rows: Range<Int>

    /// Draws a box as torchvision's `RandomResizedCrop` does.
    ///
    /// - Parameters:
    ///   - width: the width of the image.
    ///   - height: the height of the image.
    ///   - area: the range of the area, as a fraction of the image's.
    ///   - aspectRatio: the range of width / height.
    ///   - random: the source of the numbers.
    init(
        width: Int, height: Int, area: ClosedRange<Double>, aspectRatio: ClosedRange<Double>,
        random: inout SeededGenerator
    ) {
        for _ in 0..<10 {
            let size = Self.size(
                of: random.next(area) * Double(width * height), ratio: random.nextRatio(aspectRatio)
            )
            // The box may be empty for a small image.
            guard (1...width).contains(size.width), (1...height).contains(size.height) else {
                continue
            }
            let top = random.next(below: height - size.height + 1)
            let left = random.next(below: width - size.width + 1)
            self.init(left: left, top: top, width: size.width, height: size.height)
            return
        }
        self.init(width: width, height: height, central: aspectRatio)
    }

    /// The largest centered box with an allowed width / height.
    private init(width: Int, height: Int, central aspectRatio: ClosedRange<Double>) {
        let ratio = Double(width) / Double(height)
        var (newWidth, newHeight) = (width, height)
        if ratio < aspectRatio.lowerBound {
            newHeight = max(1, Self.rounded(Double(width) / aspectRatio.lowerBound))
        } else if ratio > aspectRatio.upperBound {
            newWidth = max(1, Self.rounded(Double(height) * aspectRatio.upperBound))
        }
        self.init(
            left: (width - newWidth) / 2, top: (height - newHeight) / 2, width: newWidth,
            height: newHeight)
    }

    init(left: Int, top: Int, width: Int, height: Int) {
        columns = left..<left + width
        rows = top..<top + height
    }

    /// The integer width and height nearest to an area and a ratio of width to height.
    static func size(of area: Double, ratio: Double) -> (width: Int, height: Int) {
        (rounded((area * ratio).squareRoot()), rounded((area / ratio).squareRoot()))
    }

    // Python's rounding.
    private static func rounded(_ value: Double) -> Int { Int(value.rounded(.toNearestOrEven)) }
}
