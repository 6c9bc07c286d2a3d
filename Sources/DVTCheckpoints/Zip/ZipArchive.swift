import DVTCore
import DVTSupport

/// The entries of a zip archive.
///
/// Entries are read in place. Overlapping entries, with which a small file could contain any amount
/// of data, are rejected, and so are methods of compression that the caller does not allow:
/// `torch.save` never compresses.
///
/// - SeeAlso: the format, <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>.
struct ZipArchive: Sendable {
    /// The maximum number of entries; a model has one per tensor.
    static let entryLimit = 100_000

    /// An entry.
    struct Member: Sendable {
        /// The entry's bytes in the file, compressed or not.
        let data: Range<Int>
        /// The size without compression.
        let byteCount: UInt64
        /// Whether ``data`` is deflated.
        let isDeflated: Bool
        /// The CRC-32 of the bytes without compression.
        let checksum: UInt32
    }

    /// The method of entries without compression.
    static let stored: UInt16 = 0
    /// The method of deflated entries.
    static let deflated: UInt16 = 8

    /// The entries by name.
    let members: [String: Member]

    /// The bytes of each entry in the file, by name.
    let entries: [String: Range<Int>]

    /// Reads and validates the directory of an archive.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - methods: the allowed methods of compression.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    init(_ bytes: UnsafeRawBufferPointer, methods: [UInt16] = [stored]) throws {
        let directory = try ZipDirectory(bytes)
        var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: bytes[directory.range]))
        let contents = UnsafeRawBufferPointer(rebasing: bytes[..<directory.range.lowerBound])
        var located: [(name: String, all: Range<Int>, member: Member)] = []
        var names: Set<String> = []
        for _ in 0..<directory.entryCount {
            let entry = try ZipEntry(&cursor, methods: methods)
            guard names.insert(entry.name).inserted else {
                throw PyTorchCheckpointError.Problem.repeatedZipEntry(entry.name)
            }
            let member = try entry.locate(in: contents)
            located.append((entry.name, Int(entry.offset)..<member.data.upperBound, member))
        }
        guard cursor.remaining == 0 else {
            throw PyTorchCheckpointError.Problem.zipValuesDisagree(
                "the size of the directory", UInt64(directory.range.count), UInt64(cursor.offset))
        }
        located.sort { $0.all.lowerBound < $1.all.lowerBound }
        for (first, second) in zip(located, located.dropFirst())
        where first.all.upperBound > second.all.lowerBound {
            throw PyTorchCheckpointError.Problem.overlappingZipEntries(first.name, second.name)
        }
        members = Dictionary(uniqueKeysWithValues: located.map { ($0.name, $0.member) })
        entries = members.mapValues(\.data)
    }

    /// The names of an archive's entries, without any check of the entries.
    ///
    /// - Parameter bytes: the whole file.
    /// - Returns: the names in the order of the directory, or nil if the directory is damaged.
    static func names(in bytes: UnsafeRawBufferPointer) -> [String]? {
        guard let directory = try? ZipDirectory(bytes) else { return nil }
        var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: bytes[directory.range]))
        var names: [String] = []
        for _ in 0..<directory.entryCount {
            guard let header = ZipEntryHeader(&cursor) else { return nil }
            names.append(String(decoding: header.name, as: UTF8.self))
        }
        return names
    }
}

/// An entry as described by the directory.
private struct ZipEntry {
    private static let fixedByteCount: UInt64 = 30
    private static let saturated: UInt64 = 0xFFFF_FFFF

    let name: String
    private let nameBytes: [UInt8]
    private let method: UInt16
    private let checksum: UInt32
    private let byteCount: UInt64
    private let compressedByteCount: UInt64
    /// The offset of its local header in the file.
    let offset: UInt64

    /// Reads the next entry of the directory.
    init(_ cursor: inout ByteCursor, methods: [UInt16]) throws {
        let start = UInt64(cursor.offset)
        guard let header = ZipEntryHeader(&cursor) else {
            throw PyTorchCheckpointError.Problem.zipRecordMissing(
                "an entry of the directory", offset: start)
        }
        nameBytes = header.name
        name = String(decoding: header.name, as: UTF8.self)
        guard header.flags & 1 == 0 else {
            throw PyTorchCheckpointError.Problem.encryptedZipEntry(name)
        }
        (method, checksum) = (header.method, header.checksum)
        guard methods.contains(method) else {
            // PyTorch compresses only the source code of TorchScript programs.
            throw name.contains("/code/__torch__")
                ? PyTorchCheckpointError.Problem.torchScript
                : .compressedZipEntry(name, method: method)
        }
        let fields = [header.byteCount, header.compressedByteCount, header.offset].map(UInt64.init)
        guard let wide = Self.widened(fields, extra: header.extra) else {
            throw PyTorchCheckpointError.Problem.zipRecordMissing(
                "the ZIP64 sizes of \(quoted(name))", offset: start)
        }
        guard method != ZipArchive.stored || wide[0] == wide[1] else {
            throw PyTorchCheckpointError.Problem.zipValuesDisagree(
                "the two sizes of \(quoted(name))", wide[0], wide[1])
        }
        (byteCount, compressedByteCount, offset) = (wide[0], wide[1], wide[2])
    }

    /// 32-bit values, with saturated ones replaced by the 64-bit values of the extra field.
    private static func widened(_ fields: [UInt64], extra: [UInt8]) -> [UInt64]? {
        guard fields.contains(saturated) else { return fields }
        return extra.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            while let tag = cursor.integer(UInt16.self), let count = cursor.integer(UInt16.self),
                let body = cursor.take(Int(count))
            {
                guard tag == 1 else { continue }
                var wide = ByteCursor(body)
                let values = fields.compactMap { field in
                    field == saturated ? wide.integer(UInt64.self) : field
                }
                return values.count == fields.count ? values : nil
            }
            return nil
        }
    }

    /// Finds the entry's data by its local header, which must agree with the directory.
    ///
    /// - Parameter contents: the file up to the directory.
    /// - Returns: the entry.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    func locate(in contents: UnsafeRawBufferPointer) throws -> ZipArchive.Member {
        guard let fixed = contents.part(at: offset, count: Self.fixedByteCount) else {
            throw pastEnd(Self.fixedByteCount, contents)
        }
        guard let header = ZipLocalHeader(fixed) else {
            throw PyTorchCheckpointError.Problem.zipRecordMissing(
                "the header of \(quoted(name))", offset: offset)
        }
        let headerByteCount = Self.fixedByteCount + header.nameByteCount + header.extraByteCount
        let (needed, overflow) = headerByteCount.addingReportingOverflow(compressedByteCount)
        guard !overflow, contents.part(at: offset, count: needed) != nil else {
            throw pastEnd(overflow ? .max : needed, contents)
        }
        try checkAgreement(header, contents)
        let start = Int(offset + headerByteCount)
        return ZipArchive.Member(
            data: start..<start + Int(compressedByteCount), byteCount: byteCount,
            isDeflated: method == ZipArchive.deflated, checksum: checksum)
    }

    /// Compares a local header with the directory; its size may be 0 (torch) or saturated (ZIP64).
    private func checkAgreement(
        _ header: ZipLocalHeader, _ contents: UnsafeRawBufferPointer
    ) throws {
        let name = contents.part(at: offset + Self.fixedByteCount, count: header.nameByteCount)
        guard header.method == method, let name, name.elementsEqual(nameBytes) else {
            throw PyTorchCheckpointError.Problem.zipHeaderDiffers(self.name)
        }
        let size = UInt64(header.byteCount)
        guard size == byteCount || size == 0 || size == Self.saturated else {
            throw PyTorchCheckpointError.Problem.zipValuesDisagree(
                "the size of \(quoted(self.name))", byteCount, size)
        }
    }

    private func pastEnd(
        _ count: UInt64, _ contents: UnsafeRawBufferPointer
    ) -> PyTorchCheckpointError.Problem {
        .zipRecordPastEnd(
            "the entry \(quoted(name))", offset: offset, byteCount: count,
            available: UInt64(contents.count))
    }
}

/// The raw record of an entry in the directory.
private struct ZipEntryHeader {
    let flags: UInt16
    let method: UInt16
    let checksum: UInt32
    let compressedByteCount: UInt32
    let byteCount: UInt32
    let offset: UInt32
    let name: [UInt8]
    let extra: [UInt8]

    init?(_ cursor: inout ByteCursor) {
        guard let fixed = cursor.take(46), fixed.loadUnaligned(as: UInt32.self) == 0x0201_4B50
        else { return nil }
        flags = fixed.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
        method = fixed.loadUnaligned(fromByteOffset: 10, as: UInt16.self)
        checksum = fixed.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
        compressedByteCount = fixed.loadUnaligned(fromByteOffset: 20, as: UInt32.self)
        byteCount = fixed.loadUnaligned(fromByteOffset: 24, as: UInt32.self)
        offset = fixed.loadUnaligned(fromByteOffset: 42, as: UInt32.self)
        let counts = [28, 30, 32].map { at in
            Int(fixed.loadUnaligned(fromByteOffset: at, as: UInt16.self))
        }
        guard let name = cursor.take(counts[0]), let extra = cursor.take(counts[1]),
            cursor.take(counts[2]) != nil
        else { return nil }
        self.name = [UInt8](name)
        self.extra = [UInt8](extra)
    }
}

/// The raw local header before an entry's data.
private struct ZipLocalHeader {
    let method: UInt16
    let byteCount: UInt32
    let nameByteCount: UInt64
    let extraByteCount: UInt64

    /// - Parameter fixed: the 30 bytes before the name.
    init?(_ fixed: UnsafeRawBufferPointer) {
        guard fixed.loadUnaligned(as: UInt32.self) == 0x0403_4B50 else { return nil }
        method = fixed.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
        byteCount = fixed.loadUnaligned(fromByteOffset: 22, as: UInt32.self)
        nameByteCount = UInt64(fixed.loadUnaligned(fromByteOffset: 26, as: UInt16.self))
        extraByteCount = UInt64(fixed.loadUnaligned(fromByteOffset: 28, as: UInt16.self))
    }
}
