/// What a file of no supported format is, where its first bytes show it.
enum OtherFormat {
    /// The kind of file and what to do.
    ///
    /// - Parameter bytes: the first bytes of the file.
    /// - Returns: a text such as `a TIFF file; convert it to JPEG or PNG`, or nil if unknown.
    static func remedy(for bytes: [UInt8]) -> String? {
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
            ("a TIFF file", [0x49, 0x49, 0x2A, 0]), ("a TIFF file", [0x4D, 0x4D, 0, 0x2A]),
            ("a Photoshop file", Array("8BPS".utf8)), ("a JPEG XL file", [0xFF, 0x0A]),
            ("a JPEG XL file", [0, 0, 0, 0x0C] + Array("JXL ".utf8)),
            ("a JPEG 2000 file", [0, 0, 0, 0x0C] + Array("jP  ".utf8)),
            ("an SVG file", Array("<svg".utf8)),
        ]
        return signatures.first { bytes.starts(with: $0.bytes) }?.name
            ?? boxedName(bytes)
    }

    /// HEIC and AVIF are ISO base media files, as MP4 videos are.
    private static func boxedName(_ bytes: [UInt8]) -> String? {
        guard bytes.dropFirst(4).starts(with: "ftyp".utf8) else { return nil }
        let brand = String(decoding: bytes.dropFirst(8).prefix(4), as: UTF8.self)
        switch brand {
        case "avif", "avis": return "an AVIF file"
        case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1": return "a HEIC file"
        default: return nil
        }
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
