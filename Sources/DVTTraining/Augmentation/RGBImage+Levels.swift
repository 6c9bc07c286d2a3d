internal import DVTVision

// Level mappings per channel, as in Pillow's ImageOps.
extension RGBImage {
    /// Applies the same level mapping, 0...255 to 0...255, to all channels.
    func mapped(_ level: (Int) -> Int) -> RGBImage {
        let table = (0...255).map { UInt8(level($0)) }
        return mapped([table, table, table])
    }

    /// Stretches each channel to the full range, Pillow's `ImageOps.autocontrast` without a cutoff.
    func autoContrasted() -> RGBImage {
        mapped(
            histograms.map { histogram in
                let lowest = histogram.firstIndex { $0 > 0 } ?? 0
                let highest = histogram.lastIndex { $0 > 0 } ?? 0
                guard highest > lowest else { return Self.identity }
                let scale = 255 / Double(highest - lowest)
                let offset = -Double(lowest) * scale
                return (0...255).map { UInt8(max(0, min(255, Int(Double($0) * scale + offset)))) }
            })
    }

    /// Equalizes the histogram of each channel, Pillow's `ImageOps.equalize`.
    func equalized() -> RGBImage {
        mapped(
            histograms.map { histogram in
                let last = histogram.last { $0 > 0 } ?? 0
                let step = (width * height - last) / 255
                guard step > 0 else { return Self.identity }
                var sum = step / 2
                return histogram.map { count in
                    defer { sum += count }
                    return UInt8(min(255, sum / step))
                }
            })
    }

    private static let identity = [UInt8](0...255)

    /// The histograms of red, green and blue.
    private var histograms: [[Int]] {
        var counts = [Int](repeating: 0, count: 3 * 256)
        counts.withUnsafeMutableBufferPointer { counts in
            pixels.withUnsafeBufferPointer { pixels in
                for index in stride(from: 0, to: pixels.count, by: 3) {
                    counts[Int(pixels[index])] += 1
                    counts[256 + Int(pixels[index + 1])] += 1
                    counts[512 + Int(pixels[index + 2])] += 1
                }
            }
        }
        return (0..<3).map { Array(counts[$0 * 256..<($0 + 1) * 256]) }
    }

    /// Applies a table of 256 levels to each channel.
    private func mapped(_ tables: [[UInt8]]) -> RGBImage {
        let table = tables[0] + tables[1] + tables[2]
        return RGBImage(width: width, height: height) { target in
            table.withUnsafeBufferPointer { table in
                pixels.withUnsafeBufferPointer { pixels in
                    for index in stride(from: 0, to: pixels.count, by: 3) {
                        target[index] = table[Int(pixels[index])]
                        target[index + 1] = table[256 + Int(pixels[index + 1])]
                        target[index + 2] = table[512 + Int(pixels[index + 2])]
                    }
                }
            }
        }
    }
}
