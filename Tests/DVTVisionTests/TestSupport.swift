import DVTCore
import DVTSupport
import Glibc

@testable import DVTVision

/// Reads the files in Fixtures.
enum Fixtures {
    static let folder =
        "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false)
        .dropLast().joined(separator: "/") + "/Fixtures"

    static func path(_ name: String) -> String { "\(folder)/\(name)" }

    static func bytes(_ name: String) throws -> [UInt8] {
        let path = path(name)
        guard let file = fopen(path, "rb") else {
            throw ImageError.cannotOpen(path: path, reason: systemMessage())
        }
        defer { fclose(file) }
        return [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
    }

    /// The lines of a table, as fields.
    static func table(_ name: String) throws -> [[String]] {
        String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }
    }
}

/// A field of a table is missing or not a number.
struct MalformedTable: Error {}

extension [String] {
    func number(_ index: Int) throws -> Int {
        guard index < count, let number = Int(self[index]) else { throw MalformedTable() }
        return number
    }
}

/// The CRC-32 of zlib and PNG.
func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in crcTable[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8
    }
}

private let crcTable: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
}

/// The images of generate.py's `noise_image`.
func noiseImage(seed: Int, width: Int, height: Int) -> RGBImage {
    var state = UInt32(seed)
    let pixels = (0..<width * height * 3).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(state >> 24)
    }
    return RGBImage(width: width, height: height, pixels: pixels)
}

/// A folder for one test, removed with its contents after the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/dvt-vision-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ImageError.cannotOpen(path: "/tmp", reason: systemMessage())
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.removeTree(path) }

    private static func removeTree(_ path: String) {
        // `remove` refuses folders that are not empty, and does not follow links.
        guard remove(path) != 0, let stream = opendir(path) else { return }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { removeTree("\(path)/\(name)") }
        }
        closedir(stream)
        rmdir(path)
    }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let path = "\(self.path)/\(name)"
        guard let file = fopen(path, "wb") else {
            throw ImageError.cannotOpen(path: path, reason: systemMessage())
        }
        defer { fclose(file) }
        fwrite(bytes, 1, bytes.count, file)
        return path
    }

    /// Creates a folder and returns its path.
    @discardableResult
    func makeFolder(_ name: String) -> String {
        let path = "\(self.path)/\(name)"
        mkdir(path, 0o777)
        return path
    }
}

/// The error of decoding, or nil if there is an image.
func decodingError(of bytes: [UInt8], name: String = "image") -> ImageError? {
    do throws(ImageError) {
        _ = try ImageDecoder.decode(bytes, name: name, applyingOrientation: true)
        return nil
    } catch {
        return error
    }
}

/// Whether a text is one line without control characters.
func isOneLine(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

/// The part of a set that tests compare.
func contents(_ set: LabeledImages, below folder: TemporaryFolder) -> [String] {
    set.map { "\($0.name.dropFirst(folder.path.count + 1)) \($0.label)" }
}
