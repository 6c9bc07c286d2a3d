#if MoreImageFormats
import CHEIF

/// Decodes the primary image of HEIC files with libheif.
enum HEICDecoder {
    /// Decodes a file.
    ///
    /// Rotations and mirroring are properties of the image and applied always; an EXIF
    /// orientation, which describes the same once more, is not.
    ///
    /// - Returns: the decoded image.
    /// - Throws: ``ImageError`` if libheif reports damage, the declared size is impossible, or
    ///   the coding is not supported.
    static func decode(_ bytes: [UInt8], name: String) throws(ImageError) -> RGBImage {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(ImageError) in try decode(bytes, name: name) }
        }
        return try result.get()
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, name: String
    ) throws(ImageError) -> RGBImage {
        func check(_ error: heif_error) throws(ImageError) {
            guard error.code == heif_error_Ok else {
                throw problem(error, byteCount: bytes.count, name: name)
            }
        }
        guard let context = heif_context_alloc() else {
            throw .damaged(path: name, format: "HEIC", reason: "out of memory")
        }
        defer { heif_context_free(context) }
        // The decoded images already come from several threads.
        heif_context_set_max_decoding_threads(context, 0)
        try check(
            heif_context_read_from_memory_without_copy(
                context, bytes.baseAddress, bytes.count, nil))
        var handle: OpaquePointer?
        try check(heif_context_get_primary_image_handle(context, &handle))
        defer { heif_image_handle_release(handle) }
        let size = (
            width: Int(heif_image_handle_get_width(handle)),
            height: Int(heif_image_handle_get_height(handle))
        )
        try checkSize(size.width, size.height, byteCount: bytes.count, name: name)
        let options = heif_decoding_options_alloc()
        defer { heif_decoding_options_free(options) }
        options?.pointee.convert_hdr_to_8bit = 1
        var decoded: OpaquePointer?
        try check(
            heif_decode_image(
                handle, &decoded, heif_colorspace_RGB, heif_chroma_interleaved_RGB, options))
        defer { heif_image_release(decoded) }
        return try pixels(of: decoded, size, name: name)
    }

    /// Throws if a declared size is impossible; no coding has a useful lower bound.
    private static func checkSize(
        _ width: Int, _ height: Int, byteCount: Int, name: String
    ) throws(ImageError) {
        guard width > 0, height > 0 else {
            throw .damaged(
                path: name, format: "HEIC", reason: "it declares \(width)x\(height) pixels")
        }
        try ImageDecoder.checkSize(
            width: width, height: height,
            needed: ImageDecoder.fewestBytes(width: width, height: height), byteCount: byteCount,
            name: name)
    }

    private static func pixels(
        of image: OpaquePointer?, _ size: (width: Int, height: Int), name: String
    ) throws(ImageError) -> RGBImage {
        var stride: Int32 = 0
        let found = (
            Int(heif_image_get_width(image, heif_channel_interleaved)),
            Int(heif_image_get_height(image, heif_channel_interleaved))
        )
        guard found == size,
            let plane = heif_image_get_plane_readonly(image, heif_channel_interleaved, &stride),
            Int(stride) >= 3 * size.width
        else {
            throw .damaged(
                path: name, format: "HEIC",
                reason: """
                    it declares \(size.width)x\(size.height) pixels, its image data hold \
                    \(found.0)x\(found.1)
                    """)
        }
        let rowByteCount = 3 * size.width
        let pixels = [UInt8](
            unsafeUninitializedCapacity: rowByteCount * size.height
        ) { pixels, count in
            for row in 0..<size.height {
                let start = row * rowByteCount
                for offset in 0..<rowByteCount {
                    pixels[start + offset] = plane[row * Int(stride) + offset]
                }
            }
            count = rowByteCount * size.height
        }
        return RGBImage(width: size.width, height: size.height, pixels: pixels)
    }

    private static func problem(
        _ error: heif_error, byteCount: Int, name: String
    ) -> ImageError {
        if error.subcode == heif_suberror_End_of_data {
            return .truncated(path: name, byteCount: byteCount)
        }
        let text = error.message.map { String(cString: $0) } ?? "libheif error \(error.code)"
        switch error.code {
        case heif_error_Unsupported_feature, heif_error_Unsupported_filetype:
            return .unsupported(
                path: name, reason: "is a HEIC file that libheif cannot read (\(text))")
        default: return .damaged(path: name, format: "HEIC", reason: text)
        }
    }
}
#endif
