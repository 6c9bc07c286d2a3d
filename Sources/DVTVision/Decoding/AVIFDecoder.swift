#if MoreImageFormats
import CAVIF

/// Decodes the first image of AVIF files with libavif.
///
/// libheif decodes AVIF too, but does not interpolate the color between pixels that share it.
/// Pillow uses libavif.
enum AVIFDecoder {
    /// Decodes a file, without applying its orientation.
    ///
    /// - Returns: the decoded image, and the orientation that its rotation and mirroring stand
    ///   for; an EXIF orientation, which describes the same once more, is ignored.
    /// - Throws: ``ImageError`` if libavif reports damage, or the declared size is impossible.
    static func decode(
        _ bytes: [UInt8], name: String
    ) throws(ImageError) -> (image: RGBImage, orientation: EXIFOrientation) {
        let result = bytes.withUnsafeBufferPointer { bytes in
            Result { () throws(ImageError) in try decode(bytes, name: name) }
        }
        return try result.get()
    }

    private static func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, name: String
    ) throws(ImageError) -> (image: RGBImage, orientation: EXIFOrientation) {
        func check(_ result: avifResult) throws(ImageError) {
            guard result != AVIF_RESULT_OK else { return }
            guard result != AVIF_RESULT_TRUNCATED_DATA else {
                throw .truncated(path: name, byteCount: bytes.count)
            }
            let text = avifResultToString(result).map { String(cString: $0) } ?? "\(result)"
            throw .damaged(path: name, format: "AVIF", reason: text)
        }
        guard let decoder = avifDecoderCreate() else {
            throw .damaged(path: name, format: "AVIF", reason: "out of memory")
        }
        defer { avifDecoderDestroy(decoder) }
        configure(&decoder.pointee)
        try check(avifDecoderSetIOMemory(decoder, bytes.baseAddress, bytes.count))
        try check(avifDecoderParse(decoder))
        guard let image = decoder.pointee.image else {
            throw .damaged(path: name, format: "AVIF", reason: "it holds no image")
        }
        let size = (width: Int(image.pointee.width), height: Int(image.pointee.height))
        try checkSize(size.width, size.height, byteCount: bytes.count, name: name)
        try check(avifDecoderNthImage(decoder, 0))
        guard Int(image.pointee.width) == size.width,
            Int(image.pointee.height) == size.height
        else {
            throw .damaged(
                path: name, format: "AVIF",
                reason: """
                    it declares \(size.width)x\(size.height) pixels, its image data hold \
                    \(image.pointee.width)x\(image.pointee.height)
                    """)
        }
        let (status, pixels) = rgb(of: image, hasAlpha: decoder.pointee.alphaPresent != 0)
        try check(status)
        return (
            RGBImage(width: size.width, height: size.height, pixels: pixels),
            orientation(of: image.pointee)
        )
    }

    private static func configure(_ decoder: inout avifDecoder) {
        // Images are decoded in several threads already.
        decoder.maxThreads = 1
        decoder.ignoreExif = 1
        decoder.ignoreXMP = 1
        decoder.imageSizeLimit = UInt32(ImageDecoder.pixelLimit)
        // As in Pillow, what older writers omit is not required.
        decoder.strictFlags &= ~(AVIF_STRICT_CLAP_VALID.rawValue)
        decoder.strictFlags &= ~(AVIF_STRICT_PIXI_REQUIRED.rawValue)
    }

    /// Throws if a declared size is impossible; the coding has no useful lower bound.
    private static func checkSize(
        _ width: Int, _ height: Int, byteCount: Int, name: String
    ) throws(ImageError) {
        guard width > 0, height > 0 else {
            throw .damaged(
                path: name, format: "AVIF", reason: "it declares \(width)x\(height) pixels")
        }
        try ImageDecoder.checkSize(
            width: width, height: height,
            needed: ImageDecoder.fewestBytes(width: width, height: height), byteCount: byteCount,
            name: name)
    }

    /// The colors of an image in 8 bits; alpha is dropped, but undone where colors are
    /// multiplied by it.
    private static func rgb(
        of image: UnsafeMutablePointer<avifImage>, hasAlpha: Bool
    ) -> (avifResult, [UInt8]) {
        let pixelCount = Int(image.pointee.width) * Int(image.pointee.height)
        let perPixel = hasAlpha ? 4 : 3
        var target = avifRGBImage()
        avifRGBImageSetDefaults(&target, image)
        target.depth = 8
        target.format = hasAlpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB
        target.rowBytes = image.pointee.width * UInt32(perPixel)
        var samples = [UInt8](repeating: 0, count: perPixel * pixelCount)
        let status = samples.withUnsafeMutableBufferPointer { samples in
            target.pixels = samples.baseAddress
            return avifImageYUVToRGB(image, &target)
        }
        guard hasAlpha else { return (status, samples) }
        for pixel in 0..<pixelCount {
            for channel in 0..<3 { samples[3 * pixel + channel] = samples[4 * pixel + channel] }
        }
        samples.removeLast(pixelCount)
        return (status, samples)
    }

    /// A file's image is rotated counterclockwise first and mirrored then.
    private static func orientation(of image: avifImage) -> EXIFOrientation {
        func has(_ flag: avifTransformFlag) -> Bool {
            UInt32(image.transformFlags) & UInt32(flag.rawValue) != 0
        }
        let turns = has(AVIF_TRANSFORM_IROT) ? Int(image.irot.angle & 3) : 0
        let rotations: [EXIFOrientation] = [.upright, .quarterTurnBack, .halfTurn, .quarterTurn]
        guard has(AVIF_TRANSFORM_IMIR) else { return rotations[turns] }
        let isLeftToRight = image.imir.mode == 1
        let mirrored: [EXIFOrientation] =
            isLeftToRight
            ? [.mirrored, .transversed, .flipped, .transposed]
            : [.flipped, .transposed, .mirrored, .transversed]
        return mirrored[turns]
    }
}
#endif
