import Glibc

/// The properties of a JPEG file that its markers declare, read without decoding.
struct JPEGStructure {
    let width: Int
    let height: Int
    /// The number of color components.
    let componentCount: Int
    /// The EXIF data, including its identifier, if any.
    let exif: Range<Int>?
    /// Where a truncated file ends, without a segment that is not complete; nil for others.
    let truncatedEnd: Int?
    /// Whether the samples are in one scan, so that all of a pixel is in one place.
    let hasOneScan: Bool

    /// Follows the markers from the start to the end of the image.
    ///
    /// libjpeg fills the rest of a truncated file with gray and only warns, so this initializer
    /// checks for the end marker.
    ///
    /// - Throws: ``ImageError`` if the file is truncated, and that is not accepted or before the
    ///   first scan, or if it declares an impossible size.
    init(
        _ bytes: [UInt8], name: String, truncation: TruncationRule
    ) throws(ImageError) {
        var frame: Frame?
        var exif: Range<Int>?
        var scans: [Segment] = []
        var offset = 2
        var truncatedEnd: Int?
        while true {
            let segment: Segment
            switch try Self.nextSegment(in: bytes, from: offset, name: name) {
            case .segment(let found): segment = found
            case .end(let end):
                guard truncation == .use, frame != nil, !scans.isEmpty else {
                    throw .truncated(path: name, byteCount: bytes.count)
                }
                truncatedEnd = end
                segment = Segment(marker: Marker.end, content: end..<end)
            }
            if segment.marker == Marker.end { break }
            // The scans use the first frame header; libjpeg rejects a second one.
            if Marker.isFrame(segment.marker), frame == nil {
                frame = try Frame(bytes, segment, name: name)
            }
            if segment.marker == Marker.app1, Self.holdsEXIF(bytes[segment.content]) {
                exif = exif ?? segment.content
            }
            if segment.marker == Marker.scan { scans.append(segment) }
            offset = segment.content.upperBound
        }
        guard let frame, let scan = scans.first else {
            throw .damaged(path: name, format: "JPEG", reason: "it holds no image")
        }
        width = frame.width
        height = frame.height
        componentCount = frame.sampling.count
        self.exif = exif
        self.truncatedEnd = truncatedEnd
        hasOneScan =
            scans.count == 1 && bytes[scan.content].first.map(Int.init) == componentCount
            && !frame.isProgressive
        try ImageDecoder.checkSize(
            width: width, height: height, needed: frame.fewestBytes, byteCount: bytes.count,
            name: name)
    }

    /// A segment, or the end of a truncated file before the first one that is not complete.
    private enum Found {
        case segment(Segment)
        case end(Int)
    }

    /// Finds the next marker outside entropy-coded data.
    private static func nextSegment(
        in bytes: [UInt8], from start: Int, name: String
    ) throws(ImageError) -> Found {
        var (offset, end) = (start, bytes.count)
        while let found = Self.offset(of: 0xFF, in: bytes, from: offset) {
            (offset, end) = (found + 1, found)
            while offset < bytes.count, bytes[offset] == 0xFF { offset += 1 }
            guard offset < bytes.count else { break }
            let marker = bytes[offset]
            offset += 1
            if Marker.standsWithinScans(marker) {
                end = bytes.count
                continue
            }
            if marker == Marker.end || marker == Marker.start {
                return .segment(Segment(marker: marker, content: offset..<offset))
            }
            guard offset + 2 <= bytes.count else { break }
            let length = Int(bytes.bigEndian16(at: offset))
            guard length >= 2 else {
                throw .damaged(path: name, format: "JPEG", reason: "a segment of \(length) bytes")
            }
            guard offset + length <= bytes.count else { break }
            return .segment(Segment(marker: marker, content: offset + 2..<offset + length))
        }
        return .end(end)
    }

    private static func offset(of byte: UInt8, in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard start < buffer.count, let base = buffer.baseAddress,
                let found = memchr(base + start, Int32(byte), buffer.count - start)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    private static func holdsEXIF(_ content: ArraySlice<UInt8>) -> Bool {
        content.starts(with: EXIFOrientation.prefix)
    }
}

extension JPEGStructure {
    /// A marker and its payload.
    private struct Segment {
        let marker: UInt8
        /// The payload after the length; empty for a standalone marker.
        let content: Range<Int>
    }

    private enum Marker {
        static let start: UInt8 = 0xD8
        static let end: UInt8 = 0xD9
        static let scan: UInt8 = 0xDA
        static let app1: UInt8 = 0xE1

        /// A stuffed zero, a restart marker, or the unused TEM.
        static func standsWithinScans(_ marker: UInt8) -> Bool {
            marker <= 0x01 || (0xD0...0xD7).contains(marker)
        }

        /// SOF0 to SOF15, except for DHT, JPG and DAC between them.
        static func isFrame(_ marker: UInt8) -> Bool {
            (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker)
        }

        /// The name of a coding that libjpeg-turbo does not decode, or nil.
        static func unsupportedProcess(_ marker: UInt8) -> String? {
            switch marker {
            case 0xC3, 0xCB: "lossless"
            case 0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF: "hierarchical"
            default: nil
            }
        }

        static func isArithmetic(_ marker: UInt8) -> Bool { marker >= 0xC9 }

        static func isProgressive(_ marker: UInt8) -> Bool { marker & 3 == 2 }
    }

    /// The frame header.
    private struct Frame {
        /// The largest accepted arithmetic-coded image regardless of the file size, in pixels.
        ///
        /// Arithmetic coding spends about 0.00002 bits on a fully predicted block, so the file size
        /// sets no useful limit.
        private static let arithmeticAllowance = 1 << 24

        let width: Int
        let height: Int
        /// The horizontal and vertical sampling factor of each component.
        let sampling: [(horizontal: Int, vertical: Int)]
        let isArithmetic: Bool
        let isProgressive: Bool

        init(_ bytes: [UInt8], _ segment: Segment, name: String) throws(ImageError) {
            let content = bytes[segment.content]
            let start = content.startIndex
            if let process = Marker.unsupportedProcess(segment.marker) {
                throw .unsupported(path: name, reason: "is a \(process) JPEG file")
            }
            guard content.count >= 6, content.count >= 6 + 3 * Int(content[start + 5]) else {
                throw .damaged(path: name, format: "JPEG", reason: "its header is too short")
            }
            guard content[start] == 8 else {
                throw .unsupported(
                    path: name, reason: "is a JPEG file with \(content[start]) bits per sample")
            }
            height = Int(bytes.bigEndian16(at: start + 1))
            width = Int(bytes.bigEndian16(at: start + 3))
            sampling = (0..<Int(content[start + 5])).map { component in
                let factors = content[start + 7 + 3 * component]
                return (Int(factors >> 4), Int(factors & 15))
            }
            isArithmetic = Marker.isArithmetic(segment.marker)
            isProgressive = Marker.isProgressive(segment.marker)
            guard width > 0, height > 0 else {
                throw .damaged(
                    path: name, format: "JPEG", reason: "it declares \(width)x\(height) pixels")
            }
            guard sampling.allSatisfy({ (1...4) ~= $0.horizontal && (1...4) ~= $0.vertical }) else {
                throw .damaged(path: name, format: "JPEG", reason: "an invalid sampling factor")
            }
        }

        /// The minimum byte count of the coded samples.
        ///
        /// Huffman coding spends at least one bit on the DC coefficient of each 8x8 block, in
        /// progressive files too. AC coefficients can be covered by end-of-band runs, and padding
        /// blocks of interleaved MCUs are ignored, so neither adds to the minimum.
        var fewestBytes: Int {
            if isArithmetic, width * height <= Self.arithmeticAllowance { return 0 }
            let widest = sampling.map(\.horizontal).max() ?? 1
            let tallest = sampling.map(\.vertical).max() ?? 1
            let blockCount = sampling.reduce(0) { sum, factors in
                let columns = (width * factors.horizontal).dividedRoundingUp(by: 8 * widest)
                let rows = (height * factors.vertical).dividedRoundingUp(by: 8 * tallest)
                return sum + columns * rows
            }
            return blockCount / 8
        }
    }
}

extension Int {
    fileprivate func dividedRoundingUp(by divisor: Int) -> Int {
        (self + divisor - 1) / divisor
    }
}
