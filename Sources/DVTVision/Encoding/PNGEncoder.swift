import CImageCodecs
import Glibc

/// An image that cannot become a PNG file.
package struct PNGEncodingError: Error, Equatable, CustomStringConvertible {
    /// The image's columns.
    package let width: Int
    /// The image's rows.
    package let height: Int
    /// What libpng says.
    package let reason: String

    package var description: String {
        "an image of \(width)x\(height) pixels cannot be written as PNG (\(reason))"
    }
}

/// Encodes PNG files by libpng.
package enum PNGEncoder {
    /// Encodes an image, 8 bits a sample, without loss.
    ///
    /// - Parameter image: the image.
    /// - Returns: the whole file. Other versions of zlib may give other bytes of the same pixels.
    /// - Throws: ``PNGEncodingError`` if it has more than a million rows or columns, which libpng
    ///   refuses, or where memory is short.
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
