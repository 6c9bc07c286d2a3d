import CTurboJPEG

/// Decodes JPEG files with libjpeg-turbo.
enum JPEGDecoder {
    private static let endMarker: [UInt8] = [0xFF, 0xD9]

    /// Samples, and whether libjpeg-turbo had to make up some of them.
    private typealias Samples = (values: [UInt8], areComplete: Bool)

    /// Decodes a file whose structure has been checked, without applying the EXIF orientation.
    ///
    /// - Returns: the decoded image, and what a truncated file lacks.
    /// - Throws: ``ImageError`` if libjpeg-turbo reports damage or an unsupported coding.
    static func decode(
        _ bytes: [UInt8], structure: JPEGStructure, name: String
    ) throws(ImageError) -> (image: RGBImage, missing: IncompleteImage.Missing?) {
        // libjpeg-turbo takes what follows a complete segment for the end of the samples, so an end
        // marker in place of what is missing makes it fill the rest with gray, as Pillow does.
        let file = structure.truncatedEnd.map { Array(bytes[..<$0]) + endMarker } ?? bytes
        let samples: Samples
        switch structure.componentCount {
        case 1, 3:
            samples = try Self.samples(file, structure, format: TJPF_RGB, perPixel: 3, name: name)
        case 4:
            let inks = try Self.samples(
                file, structure, format: TJPF_CMYK, perPixel: 4, name: name)
            samples = (rgb(invertedCMYK: inks.values), inks.areComplete)
        case let count:
            throw .unsupported(path: name, reason: "is a JPEG file with \(count) color components")
        }
        let image = RGBImage(
            width: structure.width, height: structure.height, pixels: samples.values)
        guard structure.truncatedEnd != nil else { return (image, nil) }
        guard structure.hasOneScan else { return (image, .detail) }
        return (image, samples.areComplete ? .endMarker : .pixels)
    }

    private static func samples(
        _ bytes: [UInt8], _ structure: JPEGStructure, format: TJPF, perPixel: Int, name: String
    ) throws(ImageError) -> Samples {
        guard let handle = tjInitDecompress() else {
            throw .damaged(path: name, format: "JPEG", reason: "no decoder could be started")
        }
        defer { tjDestroy(handle) }
        let rowByteCount = structure.width * perPixel
        // Initialized memory: libjpeg may stop early and report that only as text.
        var samples = [UInt8](repeating: 0, count: rowByteCount * structure.height)
        // No speed flags: Pillow uses the accurate DCT and smooth upsampling. Legitimate files have
        // at most 500 scans; a malicious one could take minutes.
        let status = tjDecompress2(
            handle, bytes, UInt(bytes.count), &samples, Int32(structure.width),
            Int32(rowByteCount), Int32(structure.height), Int32(format.rawValue),
            TJFLAG_LIMITSCANS)
        guard status != 0 else { return (samples, true) }
        let message = String(cString: tjGetErrorStr2(handle))
        try check(message, bytes, name: name)
        return (samples, !message.contains("premature end of data segment"))
    }

    /// Ignores warnings as Pillow does, and throws for errors and premature ends.
    ///
    /// `tjGetErrorCode` does not distinguish an error from an earlier warning, but the message is
    /// always the error's if there was one.
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

    /// The prefixes of the warnings in libjpeg-turbo's jerror.h.
    private static let warningPrefixes = [
        "Corrupt JPEG data: ", "Unknown Adobe color transform code ",
        "Inconsistent progression sequence ", "Warning: unknown JFIF revision number ",
        "Invalid SOS parameters for sequential JPEG",
    ]

    /// Converts as Pillow does, which assumes that all CMYK files are inverted, as Adobe writes
    /// them.
    private static func rgb(invertedCMYK samples: [UInt8]) -> [UInt8] {
        let pixelCount = samples.count / 4
        return [UInt8](unsafeUninitializedCapacity: pixelCount * 3) { rgb, initializedCount in
            for pixel in 0..<pixelCount {
                let black = Int(samples[4 * pixel + 3])
                for channel in 0..<3 {
                    let ink = 255 - Int(samples[4 * pixel + channel])
                    // Pillow's MULDIV255: division by 255 with rounding.
                    let product = ink * black + 128
                    rgb[3 * pixel + channel] = UInt8(black - (product >> 8 + product) >> 8)
                }
            }
            initializedCount = pixelCount * 3
        }
    }
}
