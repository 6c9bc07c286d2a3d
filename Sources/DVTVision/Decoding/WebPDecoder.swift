import CWebP

/// Decodes WebP files with libwebp.
enum WebPDecoder {
    /// Decodes a file whose structure has been checked, without applying the EXIF orientation.
    ///
    /// The first frame of an animation is placed on a black canvas.
    ///
    /// - Returns: the decoded image.
    /// - Throws: ``ImageError`` if libwebp reports damage.
    static func decode(
        _ bytes: [UInt8], structure: WebPStructure, name: String
    ) throws(ImageError) -> RGBImage {
        let (width, height) = (structure.width, structure.height)
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        let status = pixels.withUnsafeMutableBufferPointer { pixels in
            let frame = structure.frame
            let start = 3 * (frame.top * width + frame.left)
            return bytes[frame.chunk.whole].withUnsafeBufferPointer { samples in
                decode(
                    samples, into: UnsafeMutableBufferPointer(rebasing: pixels[start...]),
                    rowByteCount: 3 * width)
            }
        }
        guard status == VP8_STATUS_OK else {
            throw .damaged(path: name, format: "WebP", reason: text(of: status))
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    private static func decode(
        _ samples: UnsafeBufferPointer<UInt8>, into pixels: UnsafeMutableBufferPointer<UInt8>,
        rowByteCount: Int
    ) -> VP8StatusCode {
        var configuration = WebPDecoderConfig()
        // Fails if the library's ABI version differs from its header's.
        guard WebPInitDecoderConfig(&configuration) != 0 else { return VP8_STATUS_INVALID_PARAM }
        // RGB output: alpha is neither decoded nor multiplied in.
        configuration.output.colorspace = MODE_RGB
        configuration.output.is_external_memory = 1
        configuration.output.u.RGBA.rgba = pixels.baseAddress
        configuration.output.u.RGBA.stride = Int32(rowByteCount)
        configuration.output.u.RGBA.size = pixels.count
        defer { WebPFreeDecBuffer(&configuration.output) }
        return WebPDecode(samples.baseAddress, samples.count, &configuration)
    }

    private static func text(of status: VP8StatusCode) -> String {
        switch status {
        case VP8_STATUS_OUT_OF_MEMORY: "out of memory"
        case VP8_STATUS_NOT_ENOUGH_DATA, VP8_STATUS_SUSPENDED: "its image data ends early"
        case VP8_STATUS_BITSTREAM_ERROR: "its image data cannot be decoded"
        case VP8_STATUS_UNSUPPORTED_FEATURE: "its coding is not supported"
        default: "libwebp error \(status.rawValue)"
        }
    }
}
