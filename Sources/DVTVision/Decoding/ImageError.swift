import DVTSupport

/// An unusable image file or image folder.
public enum ImageError: Error, Equatable, Sendable {
    /// `path` cannot be opened.
    case cannotOpen(path: String, reason: String)
    /// `path` is a folder, a pipe or a device.
    case notRegularFile(path: String)
    /// `path` cannot be read.
    case cannotRead(path: String, reason: String)
    /// `path` is larger than the accepted size of an image file.
    case fileTooLarge(path: String, byteCount: Int, limit: Int)
    /// `path` is empty.
    case empty(path: String)
    /// `path` begins with `firstBytes`, at most 32, which are not the signature of a supported
    /// format.
    case unknownFormat(path: String, firstBytes: [UInt8])
    /// The image declares more pixels than are accepted.
    case tooManyPixels(path: String, width: Int, height: Int, limit: Int)
    /// The image declares a size that needs at least `needed` bytes of image data, and the file
    /// holds only `byteCount`.
    case unjustifiedSize(path: String, width: Int, height: Int, needed: Int, byteCount: Int)
    /// The file ends after `byteCount` bytes, before the image is complete.
    case truncated(path: String, byteCount: Int)
    /// The file violates its format.
    case damaged(path: String, format: String, reason: String)
    /// The file uses a valid but unsupported feature of its format.
    case unsupported(path: String, reason: String)
    /// A folder holds a file whose name is not UTF-8; `path` approximates it.
    case nameNotUTF8(path: String)
    /// The folder `path` holds no image; `skipped` counts its other files by kind, or is nil.
    case noImages(path: String, skipped: String?)
    /// The list `path` has an entry that is no path, or cannot be read.
    case invalidList(path: String, reason: String)
}

extension ImageError: CustomStringConvertible {
    /// One line with the file, the problem and the remedy.
    public var description: String {
        "\(printable(path)): \(problem)"
    }

    /// The file or folder, as the caller gave it.
    public var path: String {
        switch self {
        case .cannotOpen(let path, _), .notRegularFile(let path), .cannotRead(let path, _),
            .fileTooLarge(let path, _, _), .empty(let path), .unknownFormat(let path, _),
            .tooManyPixels(let path, _, _, _), .unjustifiedSize(let path, _, _, _, _),
            .truncated(let path, _), .damaged(let path, _, _), .unsupported(let path, _),
            .nameNotUTF8(let path), .noImages(let path, _), .invalidList(let path, _):
            path
        }
    }

    private var problem: String {
        switch self {
        case .cannotOpen(_, let reason):
            "cannot be opened (\(printable(reason))); check the path and its permissions"
        case .notRegularFile:
            "is not a regular file; give the path of a \(ImageFormat.alternatives) file"
        case .cannotRead(_, let reason):
            "cannot be read (\(printable(reason))); check the disk, or copy the file again"
        case .fileTooLarge(_, let byteCount, let limit):
            "holds \(byteCount) bytes, more than the limit of \(limit); scale the image down"
        case .empty:
            "is empty (0 bytes); copy or download the file again"
        case .nameNotUTF8:
            "has a name that is not UTF-8; rename the file"
        case .noImages(_, let skipped):
            "contains no \(ImageFormat.alternatives) file"
                + (skipped.map { "; convert what it contains: \($0)" } ?? "")
        case .invalidList(_, let reason):
            reason
        default:
            contentProblem
        }
    }

    private var contentProblem: String {
        switch self {
        case .unknownFormat(_, let bytes):
            OtherFormat.remedy(for: bytes).map { "is \($0)" }
                ?? """
                begins with \(hexadecimal(bytes.prefix(4))), so it is not \
                \(ImageFormat.alternatives); convert it first
                """
        case .tooManyPixels(_, let width, let height, let limit):
            """
            declares \(width)x\(height) pixels, more than the limit of \(limit); \
            scale the image down
            """
        case .unjustifiedSize(_, let width, let height, let needed, let byteCount):
            """
            declares \(width)x\(height) pixels, which take at least \(needed) bytes of image \
            data, but holds \(byteCount); copy or download the file again
            """
        case .truncated(_, let byteCount):
            """
            ends after \(byteCount) bytes, before the image is complete; copy or download \
            the file again
            """
        case .damaged(_, let format, let reason):
            """
            is a damaged \(format) file (\(printable(reason))); copy or download it again, \
            or repair it in an image editor
            """
        case .unsupported(_, let reason):
            "\(printable(reason)); save it again as an ordinary JPEG or PNG file"
        default:
            ""
        }
    }
}

private func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
