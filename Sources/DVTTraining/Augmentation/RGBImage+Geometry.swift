internal import DVTVision

extension RGBImage {
    /// Shifts the content left and up; uncovered pixels are black.
    func shifted(x: Int, y: Int) -> RGBImage {
        guard x != 0 || y != 0 else { return self }
        let columns = max(0, x)..<max(max(0, x), min(width, width + x))
        return RGBImage(width: width, height: height) { target in
            target.initialize(repeating: 0, count: width * height * 3)
            pixels.withUnsafeBufferPointer { source in
                guard let source = source.baseAddress else { return }
                for row in max(0, y)..<max(max(0, y), min(height, height + y)) {
                    (target + ((row - y) * width + columns.lowerBound - x) * 3).update(
                        from: source + (row * width + columns.lowerBound) * 3,
                        count: columns.count * 3)
                }
            }
        }
    }

    /// Flips the image horizontally.
    func mirrored() -> RGBImage {
        RGBImage(width: width, height: height) { target in
            pixels.withUnsafeBufferPointer { source in
                for row in 0..<height {
                    for column in 0..<width {
                        let from = (row * width + width - 1 - column) * 3
                        let to = (row * width + column) * 3
                        target[to] = source[from]
                        target[to + 1] = source[from + 1]
                        target[to + 2] = source[from + 2]
                    }
                }
            }
        }
    }

    /// Creates an image whose samples, shape `[height, width, 3]`, are all written by `write`.
    init(width: Int, height: Int, write: (UnsafeMutablePointer<UInt8>) -> Void) {
        let byteCount = width * height * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            guard let target = buffer.baseAddress else { return }
            write(target)
            count = byteCount
        }
        self.init(width: width, height: height, pixels: pixels)
    }
}
