import DVTCore
import DVTSupport

/// Reads image files.
enum ImageFileReader {
    /// The size limit of a file in bytes.
    ///
    /// The largest accepted image takes 1.4 GB as an uncompressed 16-bit PNG with alpha. Real files
    /// are far below the limit; it protects against huge sparse files.
    static let byteLimit = 1 << 30

    /// Whether a file begins with the signature of a supported format.
    static func isImage(path: String) -> Bool {
        do throws(FileError) {
            let file = try OpenFile(path: path)
            let start = try file.read(from: 0, upTo: ImageFormat.signatureLength)
            return (try? ImageFormat(of: start, name: path)) != nil
        } catch {
            return false
        }
    }

    /// Reads a file.
    ///
    /// - Parameter path: the file.
    /// - Returns: its bytes, or only the first few if they are not those of a supported format.
    /// - Throws: ``ImageError`` if it is not a readable, regular file, or too large.
    static func read(path: String) throws(ImageError) -> [UInt8] {
        do throws(FileError) {
            let file = try OpenFile(path: path)
            let start = try file.read(from: 0, upTo: ImageFormat.startLength)
            // A large file of another kind is not read: the decoder rejects it by its first bytes.
            guard (try? ImageFormat(of: start, name: path)) != nil else { return start }
            return try file.readAll(limit: byteLimit)
        } catch {
            throw ImageError(error)
        }
    }
}
