import Glibc

/// One file of the disk cache.
///
/// The file is a header of 48 bytes, the key and the payload. The header is, in little-endian
/// order: 8 bytes that mark the kind, the format's version, the key's and the payload's byte counts
/// (8 bytes each), and the checksum of all of these, the key and the payload (16 bytes). A file
/// that is anything else counts as missing, and so does another key's whose hash is the same.
struct CacheEntry {
    /// What entries are for.
    enum Kind: String {
        case program = "DVTCLBIN"
        case value = "DVTCLVAL"

        var folder: String {
            self == .program ? "programs" : "values"
        }
    }

    static let headerByteCount = 48
    private static let version: UInt64 = 1
    /// Far above any binary, and small enough that a wrong file does not fill the memory.
    private static let limit = 1 << 28

    private let cacheFolder: String
    private let kind: Kind
    private let key: [UInt8]

    init(folder: String, kind: Kind, key: [String]) {
        cacheFolder = folder
        self.kind = kind
        // Each part with its size, so that no two lists of parts make the same key.
        self.key = key.flatMap { part in
            Self.bytes(UInt64(part.utf8.count)) + Array(part.utf8)
        }
    }

    private var folder: String {
        "\(cacheFolder)/\(kind.folder)"
    }

    /// The file, named by the key's hash.
    var path: String {
        var hash = Fingerprint()
        hash.combine(key)
        return "\(folder)/\(hash.hexadecimal)"
    }

    /// The payload, or nil if there is none that can be trusted.
    func load() -> [UInt8]? {
        guard let file = readFile(path, limit: Self.limit, where: Self.isTrusted),
            file.count >= Self.headerByteCount + key.count
        else {
            return nil
        }
        let payload = file[(Self.headerByteCount + key.count)...]
        // Comparing the whole start covers every field of the header and the key.
        guard file.starts(with: head(for: payload)) else {
            return nil
        }
        return Array(payload)
    }

    /// Keeps a payload, or does nothing where it cannot be kept.
    ///
    /// - Returns: whether it is kept.
    @discardableResult
    func store(_ payload: [UInt8]) -> Bool {
        makeFolders(folder)
        return replaceFile(path, with: head(for: payload[...]) + payload)
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

    /// Whether the file belongs to this user or to root.
    ///
    /// A binary is code that will run, and a cache folder may lie where others can write.
    private static func isTrusted(_ status: stat) -> Bool {
        status.st_uid == geteuid() || status.st_uid == 0
    }
}

/// Makes a folder and those above it, where they are missing; only the user may enter them.
func makeFolders(_ path: String) {
    var parent = ""
    for name in path.split(separator: "/") {
        parent += "/\(name)"
        mkdir(parent, 0o700)
    }
}

/// Puts a file in place at once, so that readers see the old one, none, or the whole new one.
///
/// Not flushed to the disk: what a power cut leaves behind fails its checksum.
private func replaceFile(_ path: String, with bytes: [UInt8]) -> Bool {
    let temporary = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
        return false
    }
    let isWritten = bytes.withUnsafeBytes { writeAll($0, to: descriptor) }
    guard close(descriptor) == 0, isWritten, rename(temporary, path) == 0 else {
        unlink(temporary)
        return false
    }
    return true
}

private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count = write(descriptor, rest.baseAddress, rest.count)
        if count > 0 {
            done += count
        } else if count == 0 || errno != EINTR {
            return false
        }
    }
    return true
}
