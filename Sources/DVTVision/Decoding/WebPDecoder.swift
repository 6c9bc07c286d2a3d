import CWebP

/// Decodes WebP files by libwebp.
enum WebPDecoder {
    /// Decodes a file whose structure has been checked.
    ///
    /// Of an animation it is the first frame, on black where that leaves the canvas free.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - structure: its chunks.
    ///   - name: what messages call it.
    /// - Returns: the image as stored, not turned.
    /// - Throws: ``ImageError`` if libwebp finds it damaged.
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
        // It fails where the library is of another generation than its header.
        guard WebPInitDecoderConfig(&configuration) != 0 else { return VP8_STATUS_INVALID_PARAM }
        // Red, green and blue: alpha is neither decoded nor multiplied in.
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
        case VP8_STATUS_NOT_ENOUGH_DATA, VP8_STATUS_SUSPENDED: "its samples end early"
        case VP8_STATUS_BITSTREAM_ERROR: "its samples cannot be decoded"
        case VP8_STATUS_UNSUPPORTED_FEATURE: "its samples are coded in an unknown way"
        default: "libwebp's error \(status.rawValue)"
        }
    }
}
