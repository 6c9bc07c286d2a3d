import CTurboJPEG
import DVTSupport

/// Encodes images for display in a browser, with libjpeg-turbo.
package enum JPEGEncoder {
    /// Encodes an image, without metadata and with color at full resolution.
    ///
    /// - Parameters:
    ///   - image: at most 65,500 pixels per side.
    ///   - quality: from 1 to 100.
    ///   - name: the name of the image in error messages.
    /// - Returns: the bytes of the file.
    /// - Throws: ``ImageError`` if libjpeg-turbo fails.
    package static func encode(
        _ image: RGBImage, quality: Int = 90, name: String
    ) throws(ImageError) -> [UInt8] {
        guard let handle = tjInitCompress() else {
            throw .unsupported(
                path: name, reason: "cannot be encoded as JPEG: the encoder does not start")
        }
        defer { tjDestroy(handle) }
        var bytes: UnsafeMutablePointer<UInt8>?
        var count: UInt = 0
        defer { tjFree(bytes) }
        let status = tjCompress2(
            handle, image.pixels, Int32(image.width), 0, Int32(image.height),
            Int32(TJPF_RGB.rawValue), &bytes, &count, Int32(TJSAMP_444.rawValue), Int32(quality),
            TJFLAG_ACCURATEDCT)
        guard status == 0, let bytes else {
            let reason = String(cString: tjGetErrorStr2(handle))
            throw .unsupported(path: name, reason: "cannot be encoded as JPEG: \(reason)")
        }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}
