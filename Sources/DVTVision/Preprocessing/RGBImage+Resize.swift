extension RGBImage {
    /// Resizes the image bit-identically to Pillow 11.3's `Image.resize`.
    ///
    /// Resizing is horizontal first, then vertical, each rounded to 8 bits.
    ///
    /// - Parameters:
    ///   - width: the new number of columns, at least 1.
    ///   - height: the new number of rows, at least 1.
    ///   - filter: the resampling filter.
    /// - Returns: the resized image.
    public func resized(width: Int, height: Int, filter: ResizeFilter) -> RGBImage {
        resized(
            width: width, height: height, filter: filter, columns: 0..<width, rows: 0..<height)
    }

    /// Resizes the image and crops it, computing only the cropped part.
    ///
    /// A 1x65,000 image resized to a shorter side of 256 would have four billion pixels, but its
    /// crop is small.
    ///
    /// - Parameters:
    ///   - width: the width of the whole resized image.
    ///   - height: the height of the whole resized image.
    ///   - filter: the resampling filter.
    ///   - columns: the columns to keep; within the resized image, not empty.
    ///   - rows: the rows to keep; within the resized image, not empty.
    /// - Returns: the cropped part.
    func resized(
        width: Int, height: Int, filter: ResizeFilter, columns: Range<Int>, rows: Range<Int>
    ) -> RGBImage {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        precondition(
            columns.lowerBound >= 0 && columns.upperBound <= width && rows.lowerBound >= 0
                && rows.upperBound <= height, "the part lies within the image")
        guard height != self.height else {
            return resizedHorizontally(to: width, filter: filter, columns: columns, rows: rows)
        }
        let weights = ResizeWeights(
            inputSize: self.height, outputSize: height, outputs: rows, filter: filter)
        // Only the rows that contribute to the output.
        let needed = weights.inputs
        return resizedHorizontally(to: width, filter: filter, columns: columns, rows: needed)
            .resizedVertically(by: weights, firstRow: needed.lowerBound)
    }

    /// Resizes the given rows horizontally and keeps the given columns.
    private func resizedHorizontally(
        to newWidth: Int, filter: ResizeFilter, columns: Range<Int>, rows: Range<Int>
    ) -> RGBImage {
        guard newWidth != width else { return cropped(columns: columns, rows: rows) }
        let weights = ResizeWeights(
            inputSize: width, outputSize: newWidth, outputs: columns, filter: filter)
        let byteCount = columns.count * rows.count * 3
        let resizedHorizontally = [UInt8](unsafeUninitializedCapacity: byteCount) { result, count in
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
        return RGBImage(width: columns.count, height: rows.count, pixels: resizedHorizontally)
    }

    private func resizedVertically(by weights: ResizeWeights, firstRow: Int) -> RGBImage {
        let rowByteCount = width * 3
        let byteCount = rowByteCount * weights.count.count
        let resizedVertically = [UInt8](unsafeUninitializedCapacity: byteCount) { result, count in
            pixels.withUnsafeBufferPointer { source in
                weights.resizeColumns(
                    source, rowByteCount: rowByteCount, firstRow: firstRow, into: result)
            }
            count = byteCount
        }
        return RGBImage(width: width, height: weights.count.count, pixels: resizedVertically)
    }

    /// Crops the image.
    ///
    /// - Parameters:
    ///   - columns: the columns to keep; within the image, not empty.
    ///   - rows: the rows to keep; within the image, not empty.
    /// - Returns: the cropped image.
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
