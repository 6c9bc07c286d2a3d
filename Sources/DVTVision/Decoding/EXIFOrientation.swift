/// The EXIF orientation of an image: how it must be transformed to be upright.
enum EXIFOrientation: Int, CaseIterable, Sendable {
    /// As stored.
    case upright = 1
    /// Mirrored left to right.
    case mirrored
    /// Rotated by 180 degrees.
    case halfTurn
    /// Mirrored top to bottom.
    case flipped
    /// Mirrored along the diagonal from the top left.
    case transposed
    /// To be rotated by 90 degrees clockwise.
    case quarterTurn
    /// Mirrored along the diagonal from the top right.
    case transversed
    /// To be rotated by 90 degrees counterclockwise.
    case quarterTurnBack

    /// The first bytes of a JPEG segment with EXIF data; PNG omits them.
    static let prefix = Array("Exif\0\0".utf8)

    /// Whether width and height are exchanged.
    var swapsAxes: Bool { rawValue >= Self.transposed.rawValue }

    /// Reads the orientation from EXIF data.
    ///
    /// Only the first directory, which holds the tag, is read, so cyclic directories are harmless.
    /// Malformed data is ignored: the image is ``upright``.
    ///
    /// - Parameter exif: the data, with or without its prefix.
    init(exif: ArraySlice<UInt8>) {
        let hasPrefix = exif.starts(with: Self.prefix)
        let tiff = Array(hasPrefix ? exif.dropFirst(Self.prefix.count) : exif)
        let value = TIFFReader(tiff).flatMap { $0.orientation }
        self = value.flatMap(EXIFOrientation.init(rawValue:)) ?? .upright
    }
}

/// Reads the first directory of TIFF data; every access is checked.
private struct TIFFReader {
    private static let orientationTag = 0x0112
    private static let shortType = 3
    private static let longType = 4

    private let bytes: [UInt8]
    private let isBigEndian: Bool

    /// Creates a reader, or nil if the data has no TIFF header.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: "II".utf8) {
            isBigEndian = false
        } else if bytes.starts(with: "MM".utf8) {
            isBigEndian = true
        } else {
            return nil
        }
        guard number(at: 2, byteCount: 2) == 42 else { return nil }
    }

    /// The value of the orientation tag, if it is there.
    var orientation: Int? {
        guard let directory = number(at: 4, byteCount: 4),
            let entryCount = number(at: directory, byteCount: 2)
        else { return nil }
        for index in 0..<entryCount {
            let entry = directory + 2 + 12 * index
            // Entries past the end of the data end the search.
            guard let tag = number(at: entry, byteCount: 2) else { return nil }
            guard tag == Self.orientationTag else { continue }
            return value(ofEntryAt: entry)
        }
        return nil
    }

    private func value(ofEntryAt entry: Int) -> Int? {
        guard number(at: entry + 4, byteCount: 4) == 1 else { return nil }
        switch number(at: entry + 2, byteCount: 2) {
        case Self.shortType: return number(at: entry + 8, byteCount: 2)
        case Self.longType: return number(at: entry + 8, byteCount: 4)
        default: return nil
        }
    }

    private func number(at offset: Int, byteCount: Int) -> Int? {
        guard offset + byteCount <= bytes.count else { return nil }
        let digits = bytes[offset..<offset + byteCount]
        return isBigEndian
            ? digits.reduce(0) { $0 << 8 | Int($1) }
            : digits.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
