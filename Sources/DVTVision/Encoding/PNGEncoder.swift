import CImageCodecs
import Glibc

/// An image that cannot be encoded as PNG.
package struct PNGEncodingError: Error, Equatable, CustomStringConvertible {
    /// The width of the image.
    package let width: Int
    /// The height of the image.
    package let height: Int
    /// The message of libpng.
    package let reason: String

    package var description: String {
        "an image of \(width)x\(height) pixels cannot be written as PNG (\(reason))"
    }
}

/// Encodes PNG files with libpng.
package enum PNGEncoder {
    /// Encodes an image losslessly with 8 bits per sample.
    ///
    /// Different versions of zlib may compress the same pixels to different bytes.
    ///
    /// - Parameter image: at most a million rows and columns, libpng's limit.
    /// - Returns: the bytes of the file.
    /// - Throws: ``PNGEncodingError`` if the image is too large or memory is exhausted.
    package static func encode(_ image: RGBImage) throws(PNGEncodingError) -> [UInt8] {
        var file = png_rgb_file()
        defer { free(file.bytes) }
        let failure = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { reason in
            let status = png_rgb_encode(
                image.pixels, UInt32(image.width), UInt32(image.height), &file,
                reason.baseAddress, reason.count)
            return status == 0 ? nil : reason.baseAddress.map { String(cString: $0) } ?? ""
        }
        if let failure {
            throw PNGEncodingError(width: image.width, height: image.height, reason: failure)
        }
        return [UInt8](UnsafeBufferPointer(start: file.bytes, count: file.count))
    }
}
