import DVTModel

extension Preprocessing {
    /// Resizes an image and makes it a square by ``crop``.
    ///
    /// - Parameters:
    ///   - image: the decoded image.
    ///   - scale: the pixels per model pixel along each axis, at least 1; larger values show the
    ///     same square in more detail.
    /// - Returns: `scale * imageSize` by `scale * imageSize` pixels.
    package func square(of image: RGBImage, scale: Int = 1) -> RGBImage {
        let (width, height) = resizedSize(of: image)
        let part = image.resized(
            width: scale * width, height: scale * height, filter: filter,
            columns: kept(of: width, scale: scale), rows: kept(of: height, scale: scale))
        let side = scale * imageSize
        guard part.width < side || part.height < side else { return part }
        // timm's CenterCropOrPad rounds the margins before the image down.
        return part.padded(
            to: side, left: (imageSize - min(width, imageSize)) / 2 * scale,
            top: (imageSize - min(height, imageSize)) / 2 * scale, color: meanColor)
    }

    private func resizedSize(of image: RGBImage) -> (width: Int, height: Int) {
        switch crop {
        case .center:
            let shorter = min(image.width, image.height)
            return (shorterSide * image.width / shorter, shorterSide * image.height / shorter)
        case .squash: return (shorterSide, shorterSide)
        case .none: return (imageSize, imageSize)
        case .pad:
            // timm's ResizeKeepRatio, which calls Python's round.
            let side = Double(shorterSide)
            let ratio = max(Double(image.width) / side, Double(image.height) / side)
            func resized(_ length: Int) -> Int {
                max(1, Int((Double(length) / ratio).rounded(.toNearestOrEven)))
            }
            return (resized(image.width), resized(image.height))
        }
    }

    /// The center of a side, or all of a shorter one.
    private func kept(of length: Int, scale: Int) -> Range<Int> {
        guard length > imageSize else { return 0..<scale * length }
        // torchvision calls Python's round, which rounds ties to even.
        let start = Int((Double(length - imageSize) / 2).rounded(.toNearestOrEven))
        return scale * start..<scale * (start + imageSize)
    }

    /// The mean as a color, which is close to zero after normalization.
    private var meanColor: [UInt8] {
        (0..<3).map { channel in
            let level = (255 * Double(mean[channel])).rounded(.toNearestOrEven)
            return UInt8(min(max(level, 0), 255))
        }
    }
}

extension RGBImage {
    /// The image on a square of one color.
    fileprivate func padded(to side: Int, left: Int, top: Int, color: [UInt8]) -> RGBImage {
        var padded = (0..<side * side).flatMap { _ in color }
        for row in 0..<height {
            let start = 3 * ((top + row) * side + left)
            padded.replaceSubrange(
                start..<start + 3 * width, with: pixels[3 * row * width..<3 * (row + 1) * width])
        }
        return RGBImage(width: side, height: side, pixels: padded)
    }
}
