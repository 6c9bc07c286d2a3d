/// What a file of no supported format is, where its first bytes show it.
enum OtherFormat {
    /// A format that the package trait MoreImageFormats adds.
    enum OfTrait: String {
        case tiff = "a TIFF file"
        case heic = "a HEIC file"
        case avif = "an AVIF file"
    }

    /// The kind of file and what to do.
    ///
    /// - Parameter bytes: the first bytes of the file.
    /// - Returns: a text such as `a JPEG XL file; convert it to JPEG or PNG`, or nil if unknown.
    static func remedy(for bytes: [UInt8]) -> String? {
        if let format = ofTrait(bytes) {
            return """
                \(format.rawValue), which dvt reads if built by make build \
                TRAITS=MoreImageFormats; or convert it to JPEG or PNG
                """
        }
        if let name = imageName(bytes) { return "\(name); convert it to JPEG or PNG" }
        if bytes.starts(with: "version https://git-lfs".utf8) {
            return "a Git LFS pointer, not the image; run git lfs pull"
        }
        if isHTML(bytes) { return "an HTML page, not the image; download the image again" }
        if let name = fileName(bytes) { return "\(name); give the images in it as files" }
        let isBlank = bytes.count >= 8 && bytes.allSatisfy { $0 == 0 }
        return isBlank ? "filled with zeros where it begins; copy or download it again" : nil
    }

    private static func imageName(_ bytes: [UInt8]) -> String? {
        let signatures: [(name: String, bytes: [UInt8])] = [
            ("a Photoshop file", Array("8BPS".utf8)), ("a JPEG XL file", [0xFF, 0x0A]),
            ("a JPEG XL file", [0, 0, 0, 0x0C] + Array("JXL ".utf8)),
            ("a JPEG 2000 file", [0, 0, 0, 0x0C] + Array("jP  ".utf8)),
            ("an SVG file", Array("<svg".utf8)),
        ]
        return signatures.first { bytes.starts(with: $0.bytes) }?.name
    }

    /// The format that begins so, if the trait adds it.
    static func ofTrait(_ bytes: [UInt8]) -> OfTrait? {
        // 42 is the version of TIFF, 43 that of BigTIFF.
        let starts: [[UInt8]] = [
            [0x49, 0x49, 42, 0], [0x4D, 0x4D, 0, 42], [0x49, 0x49, 43, 0], [0x4D, 0x4D, 0, 43],
        ]
        if starts.contains(where: { bytes.starts(with: $0) }) { return .tiff }
        // HEIC and AVIF are ISO base media files, as MP4 videos are.
        guard bytes.dropFirst(4).starts(with: "ftyp".utf8) else { return nil }
        switch brand(bytes, at: 8) {
        case "avif", "avis": return .avif
        case "heic", "heix", "hevc", "hevx", "heim", "heis": return .heic
        case "mif1", "msf1":
            // A brand of the container; others name the coding.
            let others = stride(from: 16, to: bytes.count, by: 4).map { brand(bytes, at: $0) }
            return others.contains("avif") ? .avif : .heic
        default: return nil
        }
    }

    private static func brand(_ bytes: [UInt8], at offset: Int) -> String {
        String(decoding: bytes.dropFirst(offset).prefix(4), as: UTF8.self)
    }

    private static func isHTML(_ bytes: [UInt8]) -> Bool {
        let text = bytes.drop { [0xEF, 0xBB, 0xBF, 0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let lower = text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        return lower.starts(with: "<!doctype html".utf8) || lower.starts(with: "<html".utf8)
    }

    private static func fileName(_ bytes: [UInt8]) -> String? {
        let signatures: [(name: String, bytes: [UInt8])] = [
            ("a PDF file", Array("%PDF".utf8)), ("a ZIP archive", [0x50, 0x4B, 3, 4]),
            ("a gzip archive", [0x1F, 0x8B]),
            ("an AppleDouble file of macOS", [0, 5, 0x16, 7]),
        ]
        return signatures.first { bytes.starts(with: $0.bytes) }?.name
    }
}
