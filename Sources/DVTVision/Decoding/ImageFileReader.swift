import DVTCore
import DVTSupport
import Glibc

/// Reads image files whole.
enum ImageFileReader {
    /// The most bytes a file may have.
    ///
    /// The largest image accepted, as 16-bit PNG with alpha and without any compression, takes
    /// 1.4 GB. Nothing near that is met in practice, and a sparse file costs its owner nothing.
    static let byteLimit = 1 << 30

    /// Reads all of a file that begins as a JPEG, PNG or WebP file does.
    ///
    /// - Parameter path: the file.
    /// - Returns: its bytes.
    /// - Throws: ``ImageError`` if it is not a readable, regular file of a known format.
    static func read(path: String) throws(ImageError) -> [UInt8] {
        let file: OpenFile
        do throws(OpenFailure) {
            file = try OpenFile(path: path)
        } catch {
            switch error {
            case .cannotOpen(let reason): throw .cannotOpen(path: path, reason: reason)
            case .notRegularFile: throw .notRegularFile(path: path)
            }
        }
        // The format is settled before the rest is read, so a large file of another kind is
        // refused at once.
        let start = try read(
            file.descriptor, from: 0, upTo: ImageFormat.signatureLength, path: path)
        _ = try ImageFormat(of: start, name: path)
        guard file.byteCount <= byteLimit else {
            throw .fileTooLarge(path: path, byteCount: file.byteCount, limit: byteLimit)
        }
        return try read(file.descriptor, from: 0, upTo: file.byteCount, path: path)
    }

    private static func read(
        _ descriptor: Int32, from offset: Int, upTo count: Int, path: String
    ) throws(ImageError) -> [UInt8] {
        do throws(ReadFailure) {
            return try readBytes(descriptor, from: offset, upTo: count)
        } catch {
            throw .cannotRead(path: path, reason: error.reason)
        }
    }
}
