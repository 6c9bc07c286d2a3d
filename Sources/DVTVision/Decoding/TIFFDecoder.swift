#if MoreImageFormats
import CImageCodecs

/// Decodes the first image of TIFF files with libtiff.
enum TIFFDecoder {
    private static let reasonByteCount = 200
    /// Decodes a file.
    ///
    /// Strips, tiles and planes of 1 to 16 bits; gray, RGB, palettes and CMYK. The orientation
    /// is applied always, as in Pillow: it is not EXIF data, but part of the format.
    ///
    /// - Returns: the decoded image.
    /// - Throws: ``ImageError`` if libtiff reports damage, the declared size is impossible, or
    ///   the coding is not supported.
    static func decode(
        _ bytes: [UInt8], gray16: Gray16Conversion, name: String
    ) throws(ImageError) -> RGBImage {
        let result = bytes.withUnsafeBufferPointer { bytes in
            Result { () throws(ImageError) in
                try decode(bytes, gray16: gray16, name: name)
            }
        }
        return try result.get()
    }

    private static func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, gray16: Gray16Conversion, name: String
    ) throws(ImageError) -> RGBImage {
        var reason = [CChar](repeating: 0, count: reasonByteCount)
        // Decoded blocks are not libtiff's; it holds parts of the file, and rows.
        let largest = 2 * bytes.count + 1 << 26
        guard
            let file = tiff_samples_open(
                bytes.baseAddress, bytes.count, largest, &reason, reason.count)
        else {
            throw .damaged(path: name, format: "TIFF", reason: text(reason))
        }
        defer { tiff_samples_close(file) }
        func failure() -> ImageError {
            guard tiff_samples_passed_end(file) == 0 else {
                return .truncated(path: name, byteCount: bytes.count)
            }
            let text = tiff_samples_reason(file).map { String(cString: $0) } ?? ""
            return .damaged(
                path: name, format: "TIFF", reason: text.isEmpty ? "unknown error" : text)
        }
        var layout = tiff_layout()
        guard tiff_samples_layout(file, &layout) == 0 else { throw failure() }
        try check(layout, byteCount: bytes.count, name: name)
        var colors = TIFFColors(layout, gray16: gray16)
        if colors?.needsPalette == true {
            var palette = [UInt16](repeating: 0, count: 3 << Int(layout.bits_per_sample))
            guard tiff_samples_palette(file, &layout, &palette) == 0 else { throw failure() }
            colors?.setPalette(palette)
        }
        guard let colors else {
            throw .unsupported(path: name, reason: TIFFColors.description(of: layout))
        }
        var pixels = TIFFPixels(layout, colors)
        var block = [UInt8](repeating: 0, count: layout.block_size)
        for index in 0..<layout.block_count where pixels.isNeeded(Int(index)) {
            guard tiff_samples_read(file, &layout, index, &block) == 0 else {
                throw failure()
            }
            pixels.add(block, Int(index))
        }
        let orientation = EXIFOrientation(rawValue: Int(layout.orientation)) ?? .upright
        return pixels.image().oriented(orientation)
    }

    /// Throws if the declared size or the layout of the blocks is impossible.
    private static func check(
        _ layout: tiff_layout, byteCount: Int, name: String
    ) throws(ImageError) {
        let (width, height) = (Int(layout.width), Int(layout.height))
        guard width > 0, height > 0 else {
            throw .damaged(
                path: name, format: "TIFF", reason: "it declares \(width)x\(height) pixels")
        }
        // Most codings have no useful lower bound.
        try ImageDecoder.checkSize(
            width: width, height: height,
            needed: ImageDecoder.fewestBytes(width: width, height: height), byteCount: byteCount,
            name: name)
        guard TIFFPixels.fits(layout) else {
            throw .damaged(
                path: name, format: "TIFF", reason: "its strips or tiles do not fit its size")
        }
    }

    private static func text(_ reason: [CChar]) -> String {
        String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
#endif
