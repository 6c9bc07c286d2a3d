/// The position of an archive's directory, from the records at the end of the file.
struct ZipDirectory {
    private static let endByteCount = 22
    private static let locatorByteCount = 20
    private static let wideEndByteCount: UInt64 = 56

    /// The directory's bytes.
    let range: Range<Int>
    /// The number of entries in ``range``.
    let entryCount: Int

    /// Finds the directory.
    ///
    /// - Parameter bytes: the whole file.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        guard let end = Self.endRecord(in: bytes) else {
            throw PyTorchCheckpointError.Problem.noZipDirectory
        }
        let narrow = Self.narrowFields(bytes, at: end)
        var (fields, limit) = (narrow, end)
        if let wideEnd = Self.wideEndRecord(bytes, before: end) {
            fields = try Self.wideFields(bytes, at: wideEnd, before: end - Self.locatorByteCount)
            try fields.check(againstNarrow: narrow)
            limit = Int(wideEnd)
        }
        guard fields.isOneFile else {
            throw PyTorchCheckpointError.Problem.zipSpansFiles
        }
        let available = UnsafeRawBufferPointer(rebasing: bytes[..<limit])
        guard available.part(at: fields.offset, count: fields.byteCount) != nil else {
            throw PyTorchCheckpointError.Problem.zipRecordPastEnd(
                "the directory", offset: fields.offset, byteCount: fields.byteCount,
                available: UInt64(limit))
        }
        // An entry takes at least 46 bytes.
        guard fields.entryCount <= ZipArchive.entryLimit,
            fields.entryCount * 46 <= fields.byteCount
        else {
            throw PyTorchCheckpointError.Problem.zipEntryCount(
                fields.entryCount, directoryByteCount: fields.byteCount,
                limit: ZipArchive.entryLimit)
        }
        range = Int(fields.offset)..<Int(fields.offset + fields.byteCount)
        entryCount = Int(fields.entryCount)
    }

    /// Finds the end record, which states the size of the comment after it, at most 65,535 bytes.
    private static func endRecord(in bytes: UnsafeRawBufferPointer) -> Int? {
        let last = bytes.count - endByteCount
        guard last >= 0 else { return nil }
        return stride(from: last, through: max(0, last - 0xFFFF), by: -1).first { start in
            bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self) == 0x0605_4B50
                && bytes.loadUnaligned(fromByteOffset: start + 20, as: UInt16.self) == last - start
        }
    }

    /// The offset of the ZIP64 end record, or nil if there is none.
    private static func wideEndRecord(_ bytes: UnsafeRawBufferPointer, before end: Int) -> UInt64? {
        let start = end - locatorByteCount
        guard start >= 0,
            bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self) == 0x0706_4B50
        else { return nil }
        return bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)
    }

    private static func narrowFields(_ bytes: UnsafeRawBufferPointer, at end: Int) -> Fields {
        let numbers = [4, 6, 8, 10].map { at in
            UInt64(bytes.loadUnaligned(fromByteOffset: end + at, as: UInt16.self))
        }
        return Fields(
            isOneFile: numbers[0] == 0 && numbers[1] == 0 && numbers[2] == numbers[3],
            entryCount: numbers[3],
            byteCount: UInt64(bytes.loadUnaligned(fromByteOffset: end + 12, as: UInt32.self)),
            offset: UInt64(bytes.loadUnaligned(fromByteOffset: end + 16, as: UInt32.self)))
    }

    private static func wideFields(
        _ bytes: UnsafeRawBufferPointer, at start: UInt64, before limit: Int
    ) throws -> Fields {
        let available = UnsafeRawBufferPointer(rebasing: bytes[..<limit])
        guard let record = available.part(at: start, count: wideEndByteCount) else {
            throw PyTorchCheckpointError.Problem.zipRecordPastEnd(
                "the ZIP64 end record", offset: start, byteCount: wideEndByteCount,
                available: UInt64(limit))
        }
        guard record.loadUnaligned(as: UInt32.self) == 0x0606_4B50 else {
            throw PyTorchCheckpointError.Problem.zipRecordMissing(
                "the ZIP64 end record", offset: start)
        }
        let disks = [16, 20].map { record.loadUnaligned(fromByteOffset: $0, as: UInt32.self) }
        let numbers = [24, 32, 40, 48].map { at in
            record.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        }
        return Fields(
            isOneFile: disks == [0, 0] && numbers[0] == numbers[1],
            entryCount: numbers[1], byteCount: numbers[2], offset: numbers[3])
    }
}

/// The fields of an end record.
private struct Fields {
    let isOneFile: Bool
    let entryCount: UInt64
    let byteCount: UInt64
    let offset: UInt64

    /// Requires that the ZIP64 record and the 32-bit one agree; otherwise programs could read the
    /// file as different archives.
    func check(againstNarrow narrow: Fields) throws {
        let pairs = [
            ("the number of entries", entryCount, narrow.entryCount, 0xFFFF),
            ("the size of the directory", byteCount, narrow.byteCount, 0xFFFF_FFFF),
            ("the offset of the directory", offset, narrow.offset, 0xFFFF_FFFF as UInt64),
        ]
        for (what, wide, narrow, saturated) in pairs where narrow != wide && narrow != saturated {
            throw PyTorchCheckpointError.Problem.zipValuesDisagree(what, wide, narrow)
        }
    }
}
