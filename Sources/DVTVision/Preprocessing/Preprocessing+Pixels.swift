extension Preprocessing {
    /// The pixels of a model input: ``square(of:scale:)`` before normalization, restored exactly.
    ///
    /// - Parameter values: the values of one image, `[3, imageSize, imageSize]`, which this
    ///   preprocessing made.
    /// - Returns: the image.
    package func pixels(of values: ArraySlice<Float>) -> RGBImage {
        let count = imageSize * imageSize
        precondition(values.count == 3 * count, "\(values.count) values are not one image")
        var pixels = [UInt8](repeating: 0, count: 3 * count)
        for channel in 0..<3 {
            let plane = values.dropFirst(channel * count).prefix(count)
            let (mean, deviation) = (mean[channel], standardDeviation[channel])
            for (pixel, value) in plane.enumerated() {
                let level = (255 * (value * deviation + mean)).rounded()
                // Not finite only for deviations near the ends of float32's range.
                pixels[3 * pixel + channel] = level.isFinite ? UInt8(min(max(level, 0), 255)) : 0
            }
        }
        return RGBImage(width: imageSize, height: imageSize, pixels: pixels)
    }
}
