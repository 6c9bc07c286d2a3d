import DVTSupport
import Glibc

/// The paths of a list that a program or a person writes, read as they arrive.
///
/// Each path ends in a line feed (or CR and LF), or in NUL as `find -print0` writes. A path holds
/// no NUL, so a NUL among the first bytes read means the latter. In a list of lines a control
/// character is an error, in a list separated by NUL it is part of the path. Empty lines and a
/// UTF-8 byte order mark are skipped.
package struct PathList {
    /// A separator of paths.
    private enum Separator: UInt8 {
        case lineFeed = 0x0A
        case null = 0x00
    }

    private static let bufferByteCount = 1 << 16
    /// Longer paths do not exist: Linux accepts 4096 bytes.
    private static let pathLimit = 1 << 16

    private let descriptor: Int32
    private let name: String
    private var separator: Separator?
    private var bytes: ArraySlice<UInt8> = []
    private var hasEnded = false
    /// The number of separators before the next path.
    private var number = 0

    /// Creates a list that reads from an open descriptor.
    ///
    /// - Parameters:
    ///   - descriptor: the descriptor, which the caller closes.
    ///   - name: the list's name in messages.
    package init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    /// Waits for the next path.
    ///
    /// - Returns: the path, or nil at the end of the list.
    /// - Throws: ``ImageError`` if an entry is no path, in which case the next call continues
    ///   after it, or if the list cannot be read or is no list, which ends it.
    package mutating func next() throws(ImageError) -> String? {
        while let entry = try nextEntry() {
            let isLine = separator == .lineFeed
            let path = isLine && entry.last == 0x0D ? entry.dropLast() : entry
            guard !path.isEmpty else { continue }
            return try checked(path, isLine: isLine)
        }
        return nil
    }

    private func checked(
        _ path: ArraySlice<UInt8>, isLine: Bool
    ) throws(ImageError) -> String {
        guard let text = String(validating: path, as: UTF8.self) else {
            throw error("is not UTF-8; rename the file")
        }
        if isLine, let control = path.first(where: { $0 < 0x20 || $0 == 0x7F }) {
            let code = String(control, radix: 16, uppercase: true)
            throw error(
                """
                has the control character 0x\(code.count == 1 ? "0" : "")\(code); separate the \
                paths by line feeds, or by NUL as find -print0 does
                """)
        }
        return text
    }

    /// The bytes up to the next separator or the end; nil at the end.
    private mutating func nextEntry() throws(ImageError) -> ArraySlice<UInt8>? {
        var searched = bytes.startIndex
        while true {
            if let separator,
                let end = bytes[searched...].firstIndex(of: separator.rawValue)
            {
                defer { bytes = bytes[(end + 1)...] }
                return take(bytes[..<end])
            }
            guard bytes.count <= Self.pathLimit else {
                throw ended("is longer than \(Self.pathLimit) bytes; give a list of paths")
            }
            guard !hasEnded else {
                defer { bytes = [] }
                return bytes.isEmpty ? nil : take(bytes)
            }
            let count = bytes.count
            try readMore()
            if separator == nil { separator = try recognizedSeparator() }
            searched = max(bytes.startIndex, count)
        }
    }

    private mutating func take(_ entry: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        number += 1
        return entry
    }

    private mutating func readMore() throws(ImageError) {
        var piece = [UInt8](repeating: 0, count: Self.bufferByteCount)
        var count = read(descriptor, &piece, piece.count)
        while count < 0, errno == EINTR { count = read(descriptor, &piece, piece.count) }
        guard count >= 0 else { throw ended("cannot be read (\(systemMessage()))") }
        hasEnded = count == 0
        bytes = ArraySlice(Array(bytes) + piece[..<count])
        if separator == .lineFeed, piece[..<count].contains(0) {
            throw ended(
                "is followed by a NUL among lines; separate all paths by one of the two")
        }
    }

    /// The separator, once the bytes determine it.
    private mutating func recognizedSeparator() throws(ImageError) -> Separator? {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw ended("is UTF-16; give the list in UTF-8")
        }
        if (try? ImageFormat(of: Array(bytes.prefix(ImageFormat.signatureLength)), name: "")) != nil
        {
            throw ended("is an image; give its path, not its contents")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        if bytes.contains(Separator.null.rawValue) { return .null }
        return bytes.contains(Separator.lineFeed.rawValue) || hasEnded ? .lineFeed : nil
    }

    private func error(_ problem: String) -> ImageError {
        .invalidList(
            path: name, reason: "\(separator == .null ? "path" : "line") \(number) \(problem)")
    }

    /// An error after which the list has no further paths.
    private mutating func ended(_ problem: String) -> ImageError {
        hasEnded = true
        bytes = []
        return .invalidList(
            path: name, reason: number == 0 ? problem : "entry \(number) \(problem)")
    }
}
