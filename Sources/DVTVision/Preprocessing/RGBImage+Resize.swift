extension RGBImage {
    /// Resizes the image, equal to Pillow 11.3's `Image.resize` to the last level.
    ///
    /// Rows are resized first, then columns, each with rounding to 8 bits.
    ///
    /// - Parameters:
    ///   - width: the new number of columns, at least 1.
    ///   - height: the new number of rows, at least 1.
    ///   - filter: how pixels are found.
    /// - Returns: the resized image.
    public func resized(width: Int, height: Int, filter: ResizeFilter) -> RGBImage {
        resized(
            width: width, height: height, filter: filter, columns: 0..<width, rows: 0..<height)
    }

    /// Resizes the image and cuts a part out, computing no more than that part.
    ///
    /// An image one pixel wide and 65,000 tall, resized to a shorter side of 256, would have
    /// four thousand million pixels; the part that is looked at is small all the same.
    ///
    /// - Parameters:
    ///   - width: the number of columns of the whole resized image.
    ///   - height: the number of rows of the whole resized image.
    ///   - filter: how pixels are found.
    ///   - columns: the columns to keep; within the resized image, not empty.
    ///   - rows: the rows to keep; within the resized image, not empty.
    /// - Returns: that part.
    func resized(
        width: Int, height: Int, filter: ResizeFilter, columns: Range<Int>, rows: Range<Int>
    ) -> RGBImage {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        precondition(
            columns.lowerBound >= 0 && columns.upperBound <= width && rows.lowerBound >= 0
                && rows.upperBound <= height, "the part lies within the image")
        guard height != self.height else {
            return widened(to: width, filter: filter, columns: columns, rows: rows)
        }
        let weights = ResizeWeights(
            inputSize: self.height, outputSize: height, outputs: rows, filter: filter)
        // Only the rows that the columns will be made of.
        let needed = weights.inputs
        return widened(to: width, filter: filter, columns: columns, rows: needed)
            .heightened(by: weights, firstRow: needed.lowerBound)
    }

    /// Resizes some rows and keeps some columns of them.
    private func widened(
        to newWidth: Int, filter: ResizeFilter, columns: Range<Int>, rows: Range<Int>
    ) -> RGBImage {
        guard newWidth != width else { return cropped(columns: columns, rows: rows) }
        let weights = ResizeWeights(
            inputSize: width, outputSize: newWidth, outputs: columns, filter: filter)
        let byteCount = columns.count * rows.count * 3
        let widened = [UInt8](unsafeUninitializedCapacity: byteCount) { result, count in
            pixels.withUnsafeBufferPointer { source in
                guard let source = source.baseAddress, var target = result.baseAddress else {
                    return
                }
                for row in rows {
                    weights.resizeRow(source + row * width * 3, into: target)
                    target += columns.count * 3
                }
            }
            count = byteCount
        }
        return RGBImage(width: columns.count, height: rows.count, pixels: widened)
    }

    private func heightened(by weights: ResizeWeights, firstRow: Int) -> RGBImage {
        let rowByteCount = width * 3
        let byteCount = rowByteCount * weights.count.count
        let heightened = [UInt8](unsafeUninitializedCapacity: byteCount) { result, count in
            pixels.withUnsafeBufferPointer { source in
                weights.resizeColumns(
                    source, rowByteCount: rowByteCount, firstRow: firstRow, into: result)
            }
            count = byteCount
        }
        return RGBImage(width: width, height: weights.count.count, pixels: heightened)
    }

    /// Cuts a part out.
    ///
    /// - Parameters:
    ///   - columns: the columns to keep; within the image, not empty.
    ///   - rows: the rows to keep; within the image, not empty.
    /// - Returns: that part.
    package func cropped(columns: Range<Int>, rows: Range<Int>) -> RGBImage {
        guard columns.count < width || rows.count < height else { return self }
        var cropped: [UInt8] = []
        cropped.reserveCapacity(columns.count * rows.count * 3)
        for row in rows {
            let start = (row * width + columns.lowerBound) * 3
            cropped += pixels[start..<start + columns.count * 3]
        }
        return RGBImage(width: columns.count, height: rows.count, pixels: cropped)
    }
}

// The inner loops. They run over raw memory: with bounds checked they take several times as long.
extension ResizeWeights {
    /// The inputs that any output is made of.
    var inputs: Range<Int> {
        let end = zip(first, count).map { $0 + $1 }.max() ?? 0
        return (first.min() ?? 0)..<end
    }

    private static let half = Int32(1) << (precision - 1)

    private static func rounded(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: max(0, min(255, sum >> precision)))
    }

    /// Makes one row of pixels.
    ///
    /// - Parameters:
    ///   - source: a row of the image.
    ///   - target: room for the pixels.
    fileprivate func resizeRow(
        _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>
    ) {
        weights.withUnsafeBufferPointer { weights in
            var target = target
            var start = 0
            for output in first.indices {
                var pixel = source + first[output] * 3
                var sum = SIMD4<Int32>(repeating: Self.half)
                for tap in start..<start + count[output] {
                    let samples = SIMD4(
                        Int32(pixel[0]), Int32(pixel[1]), Int32(pixel[2]), 0)
                    sum &+= samples &* weights[tap]
                    pixel += 3
                }
                target[0] = Self.rounded(sum[0])
                target[1] = Self.rounded(sum[1])
                target[2] = Self.rounded(sum[2])
                target += 3
                start += stride
            }
        }
    }

    /// Makes all columns, one row after the other.
    ///
    /// - Parameters:
    ///   - source: the rows.
    ///   - rowByteCount: the samples of a row.
    ///   - firstRow: which row of the image the first of them is.
    ///   - target: room for the pixels.
    fileprivate func resizeColumns(
        _ source: UnsafeBufferPointer<UInt8>, rowByteCount: Int, firstRow: Int,
        into target: UnsafeMutableBufferPointer<UInt8>
    ) {
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: rowByteCount) { sums in
            guard let sums = sums.baseAddress else { return }
            for output in first.indices {
                sums.initialize(repeating: Self.half, count: rowByteCount)
                for tap in 0..<count[output] {
                    let row = source + (first[output] - firstRow + tap) * rowByteCount
                    let weight = weights[output * stride + tap]
                    for index in 0..<rowByteCount {
                        sums[index] &+= Int32(row[index]) &* weight
                    }
                }
                let row = target + output * rowByteCount
                for index in 0..<rowByteCount {
                    row[index] = Self.rounded(sums[index])
                }
            }
        }
    }
}
