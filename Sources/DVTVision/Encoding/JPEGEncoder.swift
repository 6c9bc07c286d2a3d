import CTurboJPEG
import DVTSupport

/// Encodes images as JPEG by libjpeg-turbo, to be looked at in a browser.
package enum JPEGEncoder {
    /// Encodes an image, without metadata and with color at full resolution.
    ///
    /// - Parameters:
    ///   - image: the image; JPEG holds no more than 65,500 pixels a side.
    ///   - quality: from 1 to 100.
    ///   - name: what messages call it.
    /// - Returns: the bytes of a file.
    /// - Throws: ``ImageError`` if libjpeg-turbo does not take it.
    package static func encode(
        _ image: RGBImage, quality: Int = 90, name: String
    ) throws(ImageError) -> [UInt8] {
        guard let handle = tjInitCompress() else {
            throw .unsupported(path: name, reason: "cannot be shown: no JPEG encoder starts")
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
            throw .unsupported(path: name, reason: "cannot be shown as JPEG: \(reason)")
        }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}
