import CGIF

/// Decodes the first frame of GIF files with giflib.
enum GIFDecoder {
    /// Decodes a file whose structure has been checked.
    ///
    /// - Returns: the canvas with the first frame on it, and what a truncated file lacks.
    /// - Throws: ``ImageError`` if giflib reports damage.
    static func decode(
        _ bytes: [UInt8], structure: GIFStructure, name: String
    ) throws(ImageError) -> (image: RGBImage, missing: IncompleteImage.Missing?) {
        let (width, height) = (structure.width, structure.height)
        var indices = [UInt8](repeating: structure.background, count: width * height)
        let source = ByteSource(stream(bytes, structure))
        let code = indices.withUnsafeMutableBufferPointer { indices in
            withExtendedLifetime(source) { decode(source, structure, into: indices) }
        }
        let endsEarly = structure.frame.endsEarly && code != nil && source.isAtEnd
        if let code, !endsEarly {
            throw .damaged(path: name, format: "GIF", reason: text(of: code))
        }
        let image = RGBImage(
            width: width, height: height,
            pixels: colored(indices, palette: structure.palette.map { bytes[$0] }))
        guard structure.isTruncated else { return (image, nil) }
        return (image, endsEarly ? .pixels : .endMarker)
    }

    private static let trailer: UInt8 = 0x3B

    /// The file as giflib sees it: with the first frame only, because other blocks may be damaged,
    /// or many.
    private static func stream(_ bytes: [UInt8], _ structure: GIFStructure) -> [UInt8] {
        // An empty block ends the samples.
        Array(bytes[structure.header]) + bytes[structure.frame.whole]
            + (structure.frame.endsEarly ? [0] : [trailer])
    }

    /// Fills the frame's part of the canvas; returns giflib's error code on failure.
    private static func decode(
        _ source: ByteSource, _ structure: GIFStructure,
        into canvas: UnsafeMutableBufferPointer<UInt8>
    ) -> Int32? {
        var code: Int32 = 0
        guard let file = DGifOpen(Unmanaged.passUnretained(source).toOpaque(), readGIF, &code)
        else { return code }
        defer { DGifCloseFile(file, nil) }
        var type = UNDEFINED_RECORD_TYPE
        guard DGifGetRecordType(file, &type) == GIF_OK, type == IMAGE_DESC_RECORD_TYPE,
            DGifGetImageDesc(file) == GIF_OK
        else { return file.pointee.Error }
        let frame = structure.frame
        for row in rows(of: frame) {
            let start = (frame.top + row) * structure.width + frame.left
            let line = UnsafeMutableBufferPointer(rebasing: canvas[start..<start + frame.width])
            guard DGifGetLine(file, line.baseAddress, Int32(frame.width)) == GIF_OK else {
                return file.pointee.Error
            }
        }
        return nil
    }

    /// The rows in the order of their samples; interlaced ones come in four passes.
    private static func rows(of frame: GIFStructure.Frame) -> [Int] {
        guard frame.isInterlaced else { return Array(0..<frame.height) }
        return [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { start, step in
            Array(stride(from: start, to: frame.height, by: step))
        }
    }

    /// Colors beyond the palette are black, as in Pillow; without a palette, indices are grays.
    private static func colored(_ indices: [UInt8], palette: ArraySlice<UInt8>?) -> [UInt8] {
        let gray = (0...255).flatMap { [UInt8](repeating: $0, count: 3) }
        let colors = palette.map { Array($0) + [UInt8](repeating: 0, count: 768 - $0.count) }
        return indices.colored(by: colors ?? gray)
    }

    private static func text(of code: Int32) -> String {
        switch code {
        case D_GIF_ERR_IMAGE_DEFECT: "its image data is damaged, or ends early"
        case D_GIF_ERR_NOT_ENOUGH_MEM: "out of memory"
        default: GifErrorString(code).map { String(cString: $0) } ?? "giflib error \(code)"
        }
    }
}

/// Hands bytes to giflib.
private final class ByteSource {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    func read(into target: UnsafeMutablePointer<UInt8>, count: Int) -> Int {
        let count = min(max(count, 0), bytes.count - offset)
        for index in 0..<count { target[index] = bytes[offset + index] }
        offset += count
        return count
    }
}

private func readGIF(
    _ file: UnsafeMutablePointer<GifFileType>?, _ target: UnsafeMutablePointer<UInt8>?,
    _ count: Int32
) -> Int32 {
    guard let target, let source = file?.pointee.UserData else { return 0 }
    return Int32(
        Unmanaged<ByteSource>.fromOpaque(source).takeUnretainedValue()
            .read(into: target, count: Int(count)))
}
