internal import DVTVision

// Pillow's ImageEnhance: blends an image with a degenerate version, or extrapolates away from it.
extension RGBImage {
    /// Adjusts the saturation, Pillow's `ImageEnhance.Color`; 0 gives a gray image.
    func withColor(_ factor: Double) -> RGBImage {
        let factor = Float(factor)
        return RGBImage(width: width, height: height) { target in
            pixels.withUnsafeBufferPointer { pixels in
                for index in stride(from: 0, to: pixels.count, by: 3) {
                    let gray = Self.gray(pixels, index)
                    for sample in index..<index + 3 {
                        target[sample] = Self.blend(gray, Int(pixels[sample]), factor)
                    }
                }
            }
        }
    }

    /// Adjusts the contrast, Pillow's `ImageEnhance.Contrast`; 0 gives the mean gray.
    func withContrast(_ factor: Double) -> RGBImage {
        let sum = pixels.withUnsafeBufferPointer { pixels in
            stride(from: 0, to: pixels.count, by: 3).reduce(0) { $0 + Self.gray(pixels, $1) }
        }
        let mean = Int(Double(sum) / Double(width * height) + 0.5)
        return mapped { Int(Self.blend(mean, $0, Float(factor))) }
    }

    /// Adjusts the brightness, Pillow's `ImageEnhance.Brightness`; 0 gives black.
    func withBrightness(_ factor: Double) -> RGBImage {
        mapped { Int(Self.blend(0, $0, Float(factor))) }
    }

    /// Adjusts the sharpness, Pillow's `ImageEnhance.Sharpness`.
    ///
    /// 0 gives the weighted mean of each 3 x 3 neighborhood, with weight 5 at the center. Border
    /// pixels are unchanged.
    func withSharpness(_ factor: Double) -> RGBImage {
        let rowSize = width * 3
        return RGBImage(width: width, height: height) { target in
            pixels.withUnsafeBufferPointer { pixels in
                guard let source = pixels.baseAddress else { return }
                target.update(from: source, count: pixels.count)
                guard width > 2, height > 2 else { return }
                for row in 1..<height - 1 {
                    for index in row * rowSize + 3..<(row + 1) * rowSize - 3 {
                        target[index] = Self.blend(
                            Self.smoothed(source + index, rowSize), Int(source[index]),
                            Float(factor))
                    }
                }
            }
        }
    }

    /// Pillow's `ImageFilter.SMOOTH` at one sample.
    ///
    /// Integer arithmetic rounds like Pillow's float32 sums: 13 is odd, so there are no ties.
    private static func smoothed(_ sample: UnsafePointer<UInt8>, _ rowSize: Int) -> Int {
        var sum = 4 * Int(sample[0])
        for row in [sample - rowSize, sample, sample + rowSize] {
            sum += Int(row[-3]) + Int(row[0]) + Int(row[3])
        }
        return (2 * sum + 13) / 26
    }

    /// ITU-R 601 luma with 16 fractional bits, Pillow's `convert("L")`.
    private static func gray(_ pixels: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
        (Int(pixels[index]) * 19595 + Int(pixels[index + 1]) * 38470 + Int(pixels[index + 2]) * 7471
            + 0x8000) >> 16
    }

    /// Pillow's `Image.blend` of two levels: in float32, truncated.
    private static func blend(_ first: Int, _ second: Int, _ factor: Float) -> UInt8 {
        UInt8(max(0, min(255, Float(first) + factor * Float(second - first))))
    }
}
