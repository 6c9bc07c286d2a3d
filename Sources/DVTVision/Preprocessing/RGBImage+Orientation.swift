extension RGBImage {
    /// Applies an EXIF orientation.
    func oriented(_ orientation: EXIFOrientation) -> RGBImage {
        guard orientation != .upright else { return self }
        let newWidth = orientation.swapsAxes ? height : width
        let newHeight = orientation.swapsAxes ? width : height
        let walk = walk(for: orientation)
        let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { result, count in
            pixels.withUnsafeBufferPointer { source in
                var target = 0
                for row in 0..<newHeight {
                    var position = walk.start + row * walk.rowStep
                    for _ in 0..<newWidth {
                        result[target] = source[position]
                        result[target + 1] = source[position + 1]
                        result[target + 2] = source[position + 2]
                        target += 3
                        position += walk.columnStep
                    }
                }
            }
            count = pixels.count
        }
        return RGBImage(width: newWidth, height: newHeight, pixels: turned)
    }

    /// The position of the new image's first pixel in the old one, and the steps to its right and
    /// lower neighbors, in samples.
    private func walk(
        for orientation: EXIFOrientation
    ) -> (start: Int, columnStep: Int, rowStep: Int) {
        let (right, down) = (3, 3 * width)
        let (lastColumn, lastRow) = (right * (width - 1), down * (height - 1))
        return switch orientation {
        case .upright: (0, right, down)
        case .mirrored: (lastColumn, -right, down)
        case .halfTurn: (lastColumn + lastRow, -right, -down)
        case .flipped: (lastRow, right, -down)
        case .transposed: (0, down, right)
        case .quarterTurn: (lastRow, -down, right)
        case .transversed: (lastColumn + lastRow, -down, -right)
        case .quarterTurnBack: (lastColumn, down, -right)
        }
    }
}
