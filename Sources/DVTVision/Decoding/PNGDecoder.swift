import CImageCodecs

/// Decodes PNG files with libpng.
enum PNGDecoder {
    private static let reasonByteCount = 200

    /// Decodes a file whose structure has been checked, without applying the EXIF orientation.
    ///
    /// - Returns: the decoded image, and what a truncated file lacks.
    /// - Throws: ``ImageError`` if libpng reports damage.
    static func decode(
        _ bytes: [UInt8], structure: PNGStructure, gray16: Gray16Conversion, name: String
    ) throws(ImageError) -> (image: RGBImage, missing: IncompleteImage.Missing?) {
        let isTruncated = structure.truncatedEnd != nil
        let count = structure.width * structure.height * 3
        var result = PNG_RGB_COMPLETE
        var reason = ""
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            // Missing pixels have the first color of the palette, or are black, as in Pillow.
            for index in 0..<(isTruncated ? count : 0) {
                buffer[index] = structure.firstColor[index % 3]
            }
            (result, reason) = decode(
                structure.completed(bytes), structure: structure, gray16: gray16, into: buffer)
            // After a failure the array is discarded unread.
            initializedCount = result == PNG_RGB_COMPLETE || isTruncated ? count : 0
        }
        guard result == PNG_RGB_COMPLETE || isTruncated && result != PNG_RGB_FAILED else {
            throw .damaged(path: name, format: "PNG", reason: reason)
        }
        let image = RGBImage(width: structure.width, height: structure.height, pixels: pixels)
        guard isTruncated else { return (image, nil) }
        return (image, result == PNG_RGB_LACKS_ROWS ? .pixels : .endMarker)
    }

    /// Fills `pixels`; returns a message on failure.
    private static func decode(
        _ bytes: [UInt8], structure: PNGStructure, gray16: Gray16Conversion,
        into pixels: UnsafeMutableBufferPointer<UInt8>
    ) -> (png_rgb_result, String) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: reasonByteCount) { reason in
            let result = png_rgb_decode(
                bytes, bytes.count, UInt32(structure.width), UInt32(structure.height), gray16.code,
                pixels.baseAddress, reason.baseAddress, reason.count)
            guard result != PNG_RGB_COMPLETE else { return (result, "") }
            let text = reason.baseAddress.map { String(cString: $0) } ?? ""
            return (result, text.isEmpty ? "unknown error" : text)
        }
    }
}

extension Gray16Conversion {
    fileprivate var code: png_rgb_gray16 {
        switch self {
        case .highByte: PNG_RGB_GRAY16_HIGH_BYTE
        case .rounded: PNG_RGB_GRAY16_ROUNDED
        case .clipped: PNG_RGB_GRAY16_CLIPPED
        }
    }
}
