internal import DVTVision
import Glibc

/// An affine map from output pixels to input positions.
///
/// The output pixel with center (x, y) samples the input at `x[0] x + x[1] y + x[2]` from the left
/// and `y[0] x + y[1] y + y[2]` from the top with bicubic interpolation, like Pillow's
/// `Image.transform(size, AFFINE, data, BICUBIC)`, whose cubic has a = -1.
struct AffineTransform {
    private let x: SIMD3<Double>
    private let y: SIMD3<Double>

    /// Creates a transform from its coefficients.
    init(x: SIMD3<Double>, y: SIMD3<Double>) {
        self.x = x
        self.y = y
    }

    /// A counterclockwise rotation about the center, Pillow's `Image.rotate`.
    static func rotation(degrees: Double, width: Int, height: Int) -> Self {
        // Pillow rounds to 15 decimals.
        func rounded(_ value: Double) -> Double { (value * 1e15).rounded() / 1e15 }
        // The order of terms is Pillow's: another one rounds differently.
        let remainder = fmod(degrees, 360)
        let angle = -(remainder < 0 ? remainder + 360 : remainder) * (Double.pi / 180)
        let (a, b) = (rounded(cos(angle)), rounded(sin(angle)))
        let d = rounded(-sin(angle))
        let (centerX, centerY) = (Double(width) / 2, Double(height) / 2)
        return Self(
            x: [a, b, a * -centerX + b * -centerY + centerX],
            y: [d, a, d * -centerX + a * -centerY + centerY])
    }

    /// Transforms an image; positions outside it get the color `fill`.
    func applied(to image: RGBImage, fill: SIMD3<UInt8>) -> RGBImage {
        let (width, height) = (image.width, image.height)
        return RGBImage(width: width, height: height) { target in
            image.pixels.withUnsafeBufferPointer { pixels in
                guard let source = pixels.baseAddress else { return }
                var pixel = target
                for row in 0..<height {
                    for column in 0..<width {
                        let (centerX, centerY) = (Double(column) + 0.5, Double(row) + 0.5)
                        let sourceX = x[0] * centerX + x[1] * centerY + x[2]
                        let sourceY = y[0] * centerX + y[1] * centerY + y[2]
                        let color =
                            sourceX >= 0 && sourceX < Double(width) && sourceY >= 0
                                && sourceY < Double(height)
                            ? Self.color(source, width, height, sourceX - 0.5, sourceY - 0.5) : fill
                        pixel[0] = color[0]
                        pixel[1] = color[1]
                        pixel[2] = color[2]
                        pixel += 3
                    }
                }
            }
        }
    }

    /// Interpolates 4 x 4 pixels; positions outside are clamped to the border.
    private static func color(
        _ source: UnsafePointer<UInt8>, _ width: Int, _ height: Int, _ x: Double, _ y: Double
    ) -> SIMD3<UInt8> {
        let (left, top) = (x.rounded(.down), y.rounded(.down))
        let column = Int(left) - 1
        let (dx, dy) = (x - left, y - top)
        func offset(_ tap: Int) -> Int { 3 * max(0, min(width - 1, column + tap)) }
        let offsets = SIMD4(offset(0), offset(1), offset(2), offset(3))
        func row(_ tap: Int) -> SIMD3<Double> {
            let start = source + 3 * width * max(0, min(height - 1, Int(top) - 1 + tap))
            func pixel(_ offset: Int) -> SIMD3<Double> {
                let pixel = start + offset
                return SIMD3(Double(pixel[0]), Double(pixel[1]), Double(pixel[2]))
            }
            return cubic(
                pixel(offsets[0]), pixel(offsets[1]), pixel(offsets[2]), pixel(offsets[3]), dx)
        }
        let value = cubic(row(0), row(1), row(2), row(3), dy)
        return SIMD3<UInt8>(
            truncatingIfNeeded: SIMD3<Int32>(
                value.clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))))
    }

    /// The cubic with a = -1, in Pillow's order of terms.
    private static func cubic(
        _ v1: SIMD3<Double>, _ v2: SIMD3<Double>, _ v3: SIMD3<Double>, _ v4: SIMD3<Double>,
        _ d: Double
    ) -> SIMD3<Double> {
        let p2 = v3 - v1
        let p3 = 2 * (v1 - v2) + v3 - v4
        let p4 = v2 - v1 - v3 + v4
        return v2 + d * (p2 + d * (p3 + d * p4))
    }
}
