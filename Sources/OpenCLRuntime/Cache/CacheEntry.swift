import DVTSupport
import Glibc

/// A file of the disk cache.
///
/// The file consists of a 48-byte header, the key and the payload. The header holds, in
/// little-endian order, 8 bytes that mark the kind, the format's version, the byte counts of key
/// and payload (8 bytes each), and the checksum of these, the key and the payload (16 bytes). Any
/// other file, and one of another key with the same hash, is treated as missing.
struct CacheEntry {
    /// The kind of the payload.
    enum Kind: String {
        case program = "DVTCLBIN"
        case value = "DVTCLVAL"

        var folder: String {
            self == .program ? "programs" : "values"
        }
    }

    static let headerByteCount = 48
    private static let version: UInt64 = 1
    /// The size limit of a file in bytes: far above any binary, and small enough for memory.
    private static let limit = 1 << 28

    private let cacheFolder: String
    private let kind: Kind
    private let key: [UInt8]

    init(folder: String, kind: Kind, key: [String]) {
        cacheFolder = folder
        self.kind = kind
        // A size precedes each part, so different lists of parts give different keys.
        self.key = key.flatMap { part in
            Self.bytes(UInt64(part.utf8.count)) + Array(part.utf8)
        }
    }

    private var folder: String {
        "\(cacheFolder)/\(kind.folder)"
    }

    /// The file's path, named by the key's hash.
    var path: String {
        var hash = Fingerprint()
        hash.combine(key)
        return "\(folder)/\(hash.hexadecimal)"
    }

    /// The payload, or nil if it is missing, damaged or not trusted.
    func load() -> [UInt8]? {
        guard let bytes = try? trustedBytes(), bytes.count >= Self.headerByteCount + key.count
        else { return nil }
        let payload = bytes[(Self.headerByteCount + key.count)...]
        // The comparison covers every field of the header and the key.
        return bytes.starts(with: head(for: payload)) ? Array(payload) : nil
    }

    /// Stores a payload.
    ///
    /// - Returns: whether it was stored.
    @discardableResult
    func store(_ payload: [UInt8]) -> Bool {
        do {
            try makeFolder(folder, permissions: 0o700, withParents: true)
            // Not flushed: after a power failure, the checksum detects an incomplete file.
            try replaceFile(
                path, with: head(for: payload[...]) + payload, isPrivate: true, flushing: false)
            return true
        } catch {
            return false
        }
    }

    /// The header and the key.
    private func head(for payload: ArraySlice<UInt8>) -> [UInt8] {
        let start =
            Array(kind.rawValue.utf8) + Self.bytes(Self.version) + Self.bytes(UInt64(key.count))
            + Self.bytes(UInt64(payload.count))
        var checksum = Fingerprint()
        checksum.combine(start)
        checksum.combine(key)
        checksum.combine(payload)
        return start + Self.bytes(checksum.value) + key
    }

    private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// The file's bytes, or nil if it belongs neither to this user nor to root.
    ///
    /// A program binary is code that will run, and others may be able to write to a cache folder.
    private func trustedBytes() throws -> [UInt8]? {
        let file = try OpenFile(path: path)
        guard file.owner == geteuid() || file.owner == 0 else { return nil }
        return try file.readAll(limit: Self.limit)
    }
}
