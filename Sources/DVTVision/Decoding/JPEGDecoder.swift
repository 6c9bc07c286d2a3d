import CTurboJPEG

/// Decodes JPEG files by libjpeg-turbo.
enum JPEGDecoder {
    /// Decodes a file whose structure has been checked.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - structure: its markers.
    ///   - name: what messages call it.
    /// - Returns: the image as stored, not turned.
    /// - Throws: ``ImageError`` if libjpeg-turbo finds it damaged, or does not know its coding.
    static func decode(
        _ bytes: [UInt8], structure: JPEGStructure, name: String
    ) throws(ImageError) -> RGBImage {
        let (width, height) = (structure.width, structure.height)
        let pixels: [UInt8]
        switch structure.componentCount {
        case 1, 3:
            pixels = try samples(bytes, structure, format: TJPF_RGB, perPixel: 3, name: name)
        case 4:
            pixels = rgb(
                invertedCMYK: try samples(
                    bytes, structure, format: TJPF_CMYK, perPixel: 4, name: name))
        case let count:
            throw .unsupported(path: name, reason: "is a JPEG file of \(count) color components")
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    private static func samples(
        _ bytes: [UInt8], _ structure: JPEGStructure, format: TJPF, perPixel: Int, name: String
    ) throws(ImageError) -> [UInt8] {
        guard let handle = tjInitDecompress() else {
            throw .damaged(path: name, format: "JPEG", reason: "no decoder could be started")
        }
        defer { tjDestroy(handle) }
        let rowByteCount = structure.width * perPixel
        // Zeros, not raw memory: libjpeg may end early, and what it says then is only text.
        var samples = [UInt8](repeating: 0, count: rowByteCount * structure.height)
        // No flags for speed: the accurate DCT and smooth upsampling are what Pillow uses. No
        // honest file has more than 500 scans; a hostile one could cost minutes.
        let status = tjDecompress2(
            handle, bytes, UInt(bytes.count), &samples, Int32(structure.width),
            Int32(rowByteCount), Int32(structure.height), Int32(format.rawValue),
            TJFLAG_LIMITSCANS)
        if status != 0 {
            try check(String(cString: tjGetErrorStr2(handle)), bytes, name: name)
        }
        return samples
    }

    /// Passes over a warning, as Pillow does, and throws for an error or an early end.
    ///
    /// `tjGetErrorCode` cannot tell an error from the warning before it, but the text is always
    /// the error's if there was one.
    private static func check(
        _ message: String, _ bytes: [UInt8], name: String
    ) throws(ImageError) {
        if message.contains("Premature end of JPEG file") {
            throw .truncated(path: name, byteCount: bytes.count)
        }
        let isWarning = warningPrefixes.contains { message.hasPrefix($0) }
        guard isWarning else {
            throw .damaged(path: name, format: "JPEG", reason: message)
        }
    }

    /// How the warnings of libjpeg-turbo's jerror.h begin.
    private static let warningPrefixes = [
        "Corrupt JPEG data: ", "Unknown Adobe color transform code ",
        "Inconsistent progression sequence ", "Warning: unknown JFIF revision number ",
        "Invalid SOS parameters for sequential JPEG",
    ]

    /// Converts as Pillow does, which takes all CMYK files to be inverted, as Adobe writes them.
    private static func rgb(invertedCMYK samples: [UInt8]) -> [UInt8] {
        let pixelCount = samples.count / 4
        return [UInt8](unsafeUninitializedCapacity: pixelCount * 3) { rgb, initializedCount in
            for pixel in 0..<pixelCount {
                let black = Int(samples[4 * pixel + 3])
                for channel in 0..<3 {
                    let ink = 255 - Int(samples[4 * pixel + channel])
                    // Pillow's MULDIV255: a rounded division by 255.
                    let product = ink * black + 128
                    rgb[3 * pixel + channel] = UInt8(black - (product >> 8 + product) >> 8)
                }
            }
            initializedCount = pixelCount * 3
        }
    }
}
