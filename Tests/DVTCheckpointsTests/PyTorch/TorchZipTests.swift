import DVTCheckpoints
import DVTCore
import Testing

/// Archives with wrong declarations.
@Suite struct TorchZipTests {
    private var archive: ZipTestArchive {
        torchZip(["w": .vector(count: 2)], ["0": floatBytes([1, 2])])
    }
    /// The index of the storage among the entries.
    private let storage = 2

    private func problem(
        _ change: (inout ZipTestArchive) -> Void
    ) throws -> PyTorchCheckpointError.Problem? {
        var archive = archive
        change(&archive)
        return try torchProblem(of: archive.bytes)
    }

    @Test func validVariantsAreRead() throws {
        #expect(try problem { _ in } == nil)
        #expect(try problem { $0.comment = "a comment" } == nil)
        #expect(try problem { $0.wide = { _ in } } == nil)
        #expect(try problem { $0.entries[2].localByteCount = 0 } == nil)
        #expect(
            try problem {
                $0.wide = { _ in }
                $0.entryCount = .max
                $0.directoryByteCount = .max
                $0.directoryOffset = .max
            } == nil)
        #expect(
            try problem {
                $0.entries[2].byteCount = .max
                $0.entries[2].compressedByteCount = .max
                $0.entries[2].localByteCount = .max
                $0.entries[2].extra =
                    [7, 0, 1, 0, 9, 1, 0, 16, 0] + littleEndian(UInt64(8)) + littleEndian(UInt64(8))
            } == nil)
    }

    @Test func entriesAreReadFromTheFolderOfThePickle() throws {
        for folder in ["", "other/"] {
            #expect(
                try problem { archive in
                    for index in archive.entries.indices {
                        let name = archive.entries[index].name
                        archive.entries[index].name = folder + name.dropFirst("model/".count)
                    }
                } == nil)
        }
        #expect(try problem { $0.entries[0].name = "model/data.pk" } == .noPickle)
        #expect(try problem { $0.entries[0].name = "a/b/data.pkl" } == .noPickle)
        #expect(try problem { $0.entries[1].name = "data.pkl" } == .severalPickles(2))
        #expect(try problem { $0.entries[3].name = "model/constants.pkl" } == .torchScript)
        #expect(
            try problem { archive in
                archive.entries[3].name = "model/code/__torch__.py"
                archive.entries[3].method = 8
            } == .torchScript)
        #expect(try problem { $0.entries[1].data = Array("big".utf8) } == .bigEndian)
    }

    @Test func compressedAndEncryptedEntriesAreRefused() throws {
        let name = "model/data/0"
        #expect(
            try problem { $0.entries[2].method = 8 } == .compressedZipEntry(name, method: 8))
        #expect(try problem { $0.entries[2].flags = 1 } == .encryptedZipEntry(name))
        #expect(try problem { $0.entries[2].localMethod = 8 } == .zipHeaderDiffers(name))
        #expect(try problem { $0.entries[2].localName = "model/data/1" } == .zipHeaderDiffers(name))
        #expect(
            try problem { $0.entries[2].byteCount = 9 }
                == .zipValuesDisagree("the two sizes of \"model/data/0\"", 9, 8))
        #expect(
            try problem { $0.entries[2].localByteCount = 9 }
                == .zipValuesDisagree("the size of \"model/data/0\"", 8, 9))
    }

    @Test func entriesMustNotShareBytes() throws {
        let second = "model/byteorder"
        #expect(
            try problem {
                $0.entries[1].name = "model/data/0"
            } == .repeatedZipEntry("model/data/0"))
        // A zip bomb: entries whose data are other entries.
        let grown = UInt32(archive.entries[1].data.count + archive.entries[2].localHeader.count)
        #expect(
            try problem {
                $0.entries[1].byteCount = grown
                $0.entries[1].compressedByteCount = grown
                $0.entries[1].localByteCount = 0
            } == .overlappingZipEntries(second, "model/data/0"))
        #expect(
            try problem {
                $0.entries[1].offset = 0
                $0.entries[0].localName = second
            } == .zipHeaderDiffers("model/data.pkl"))
    }

    @Test func entriesMustBeInTheFile() throws {
        let name = "the entry \"model/data/0\""
        let end = archive.entries.reduce(0) { $0 + $1.localHeader.count + $1.data.count }
        let offset = archive.entries[..<storage].reduce(0) {
            $0 + $1.localHeader.count + $1.data.count
        }
        #expect(
            try problem { $0.entries[2].offset = .max - 1 }
                == .zipRecordPastEnd(
                    name, offset: UInt64(UInt32.max - 1), byteCount: 30, available: UInt64(end)))
        #expect(
            try problem { $0.entries[2].offset = 1 }
                == .zipRecordMissing("the header of \"model/data/0\"", offset: 1))
        #expect(
            try problem {
                $0.entries[2].byteCount = .max - 1
                $0.entries[2].compressedByteCount = .max - 1
            }
                == .zipRecordPastEnd(
                    name, offset: UInt64(offset), byteCount: UInt64(UInt32.max - 1) + 42,
                    available: UInt64(end)))
    }

    @Test func zip64FieldsMustBePresent() throws {
        func wide(_ extra: [UInt8]) throws -> PyTorchCheckpointError.Problem? {
            try problem {
                $0.entries[2].byteCount = .max
                $0.entries[2].compressedByteCount = .max
                $0.entries[2].extra = extra
            }
        }
        for extra in [
            [], [1, 0, 8, 0] + littleEndian(UInt64(8)), [1, 0, 16, 0, 1], [2, 0, 0, 0],
        ] as [[UInt8]] {
            guard case .zipRecordMissing(let record, _) = try wide(extra) else {
                Issue.record("\(extra)")
                continue
            }
            #expect(record == "the ZIP64 sizes of \"model/data/0\"")
        }
        guard
            case .zipRecordPastEnd(_, _, byteCount: .max, _) = try wide(
                [1, 0, 16, 0] + littleEndian(UInt64.max) + littleEndian(UInt64.max))
        else {
            Issue.record("a size of 2^64 - 1 was not refused")
            return
        }
    }

    @Test func falseZIP64RecordsAreRefused() throws {
        let entries = archive.entries
        let end = UInt64(entries.reduce(0) { $0 + $1.localHeader.count + $1.data.count })
        let byteCount = UInt64(entries.reduce(0) { $0 + $1.header(localOffset: 0).count })
        func problem(_ wide: @escaping @Sendable (inout [UInt64]) -> Void) throws
            -> PyTorchCheckpointError.Problem?
        {
            try self.problem { $0.wide = wide }
        }
        #expect(
            try problem { $0[0] = 5 } == .zipValuesDisagree("the number of entries", 5, 4))
        #expect(
            try problem { $0[1] += 1 }
                == .zipValuesDisagree("the size of the directory", byteCount + 1, byteCount))
        #expect(
            try problem { $0[2] = 0 } == .zipValuesDisagree("the offset of the directory", 0, end))
        #expect(
            try problem { $0[3] = 4 } == .zipRecordMissing("the ZIP64 end record", offset: 4))
        #expect(
            try problem { $0[3] = .max - 3 }
                == .zipRecordPastEnd(
                    "the ZIP64 end record", offset: .max - 3, byteCount: 56,
                    available: end + byteCount + 56))
    }

    @Test func absurdCountsAreRefused() throws {
        let byteCount = UInt64(archive.entries.reduce(0) { $0 + $1.header(localOffset: 0).count })
        let end = UInt64(
            archive.entries.reduce(0) { $0 + $1.localHeader.count + $1.data.count })
        for count in [5, 1_000_000_000, UInt64.max] {
            let isAbsurd = count > 1_000_000
            #expect(
                try problem {
                    $0.entryCount = .max
                    $0.wide = { $0[0] = isAbsurd ? count : 5 }
                }
                    == (isAbsurd
                        ? .zipEntryCount(count, directoryByteCount: byteCount, limit: 100_000)
                        : .zipRecordMissing(
                            "an entry of the directory", offset: byteCount)))
        }
        #expect(
            try problem { $0.entryCount = 3 }
                == .zipValuesDisagree(
                    "the size of the directory", byteCount,
                    byteCount - UInt64(archive.entries[3].header(localOffset: 0).count)))
        #expect(
            try problem { $0.directoryOffset = .max }
                == .zipRecordPastEnd(
                    "the directory", offset: UInt64(UInt32.max), byteCount: byteCount,
                    available: end + byteCount))
        #expect(try problem { $0.disk = 1 } == .zipSpansFiles)
    }

    @Test func otherFilesAreReported() throws {
        #expect(try torchProblem(of: []) == .notACheckpoint)
        #expect(try torchProblem(of: Array("{}".utf8)) == .notACheckpoint)
        #expect(try torchProblem(of: [0x50, 0x4B, 3, 4]) == .noZipDirectory)
        let tar = [UInt8](repeating: 0, count: 257) + Array("ustar  ".utf8)
        #expect(try torchProblem(of: tar) == .tarArchive)
    }

    @Test func leadingBytesIdentifyTheLayout() {
        #expect(PyTorchCheckpoint.recognizes([0x50, 0x4B, 3, 4, 0]))
        #expect(PyTorchCheckpoint.recognizes(legacyMagic))
        let tar = [UInt8](repeating: 0, count: 257) + Array("ustar".utf8)
        #expect(PyTorchCheckpoint.recognizes(tar))
        let magic = legacyMagic.dropFirst(2)
        for version: UInt8 in 2...5 {
            #expect(PyTorchCheckpoint.recognizes([0x80, version] + magic))
        }
        #expect(PyTorchCheckpoint.recognizes([0x80, 4, 0x95] + littleEndian(UInt64(13)) + magic))
        for other in [
            [], [0x50], [0x50, 0x4B, 5, 6], [0x80, 1] + magic, [0x80, 6] + magic,
            Array(legacyMagic.prefix(13)), safetensors("{}"),
        ] as [[UInt8]] {
            #expect(!PyTorchCheckpoint.recognizes(other))
        }
    }
}
