import CImageCodecs

/// Decodes PNG files with libpng.
enum PNGDecoder {
    private static let reasonByteCount = 200

    /// Decodes a file whose structure has been checked, without applying the EXIF orientation.
    ///
    /// - Returns: the decoded image.
    /// - Throws: ``ImageError`` if libpng reports damage.
    static func decode(
        _ bytes: [UInt8], structure: PNGStructure, name: String
    ) throws(ImageError) -> RGBImage {
        let count = structure.width * structure.height * 3
        var reason = ""
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            reason = failure(bytes, structure: structure, into: buffer) ?? ""
            // After a failure the array is discarded unread.
            initializedCount = reason.isEmpty ? count : 0
        }
        guard reason.isEmpty else {
            throw .damaged(path: name, format: "PNG", reason: reason)
        }
        return RGBImage(width: structure.width, height: structure.height, pixels: pixels)
    }

    /// Fills `pixels`; returns a message on failure.
    private static func failure(
        _ bytes: [UInt8], structure: PNGStructure, into pixels: UnsafeMutableBufferPointer<UInt8>
    ) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: reasonByteCount) { reason in
            let status = png_rgb_decode(
                bytes, bytes.count, UInt32(structure.width), UInt32(structure.height),
                pixels.baseAddress, reason.baseAddress, reason.count)
            guard status != 0 else { return nil }
            let text = reason.baseAddress.map { String(cString: $0) } ?? ""
            return text.isEmpty ? "unknown error" : text
        }
    }
}
