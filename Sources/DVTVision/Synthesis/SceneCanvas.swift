/// A square canvas on which areas are painted over each other.
///
/// Coordinates span (0, 0) to (1, 1), y downwards.
struct SceneCanvas {
    let size: Int
    /// Red, green and blue from 0 to 1, row-major.
    private(set) var pixels: [SIMD3<Double>]

    /// Creates a canvas of one color.
    init(size: Int, color: SIMD3<Double>) {
        self.size = size
        pixels = Array(repeating: color, count: size * size)
    }

    /// Paints an area with antialiased edges.
    mutating func fill(_ outline: Outline, _ color: SIMD3<Double>) {
        var scan = OutlineScan(outline, size: size)
        for row in scan.rows {
            let start = row * size
            scan.forEachCoveredColumn(in: row) { column, share in
                pixels[start + column] += (color - pixels[start + column]) * share
            }
        }
    }

    /// Calls `change` with the column, the row and the value of every pixel.
    mutating func forEachPixel(_ change: (Int, Int, inout SIMD3<Double>) -> Void) {
        for row in 0..<size {
            for column in 0..<size {
                change(column, row, &pixels[row * size + column])
            }
        }
    }

    /// The canvas as an 8-bit image.
    var image: RGBImage {
        var samples: [UInt8] = []
        samples.reserveCapacity(pixels.count * 3)
        for pixel in pixels {
            // Adding one half before truncation rounds nonnegative numbers.
            let levels = pixel.clamped(lowerBound: .zero, upperBound: .one) * 255 + 0.5
            samples.append(UInt8(levels.x))
            samples.append(UInt8(levels.y))
            samples.append(UInt8(levels.z))
        }
        return RGBImage(width: size, height: size, pixels: samples)
    }
}
