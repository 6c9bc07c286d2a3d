import DVTSupport
import Glibc
import Testing

@testable import OpenCLRuntime

struct CacheEntryTests {
    private let folder: TemporaryFolder
    private let entry: CacheEntry
    private let payload = (0..<40).map { UInt8($0) }

    init() throws {
        folder = try TemporaryFolder()
        entry = try #require(folder.cache.entry(.value, ["key", "device"]))
    }

    private func fileBytes() throws -> [UInt8] {
        try readFile(entry.path, limit: 1 << 20)
    }

    @Test(arguments: [0, 1, 40, 100_000])
    func entriesRoundTrip(byteCount: Int) throws {
        let payload = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0) }
        #expect(entry.load() == nil)
        #expect(entry.store(payload))
        #expect(entry.load() == payload)
        #expect(try fileBytes().count > CacheEntry.headerByteCount + byteCount)
    }

    @Test
    func laterEntriesReplaceEarlierOnes() throws {
        entry.store(payload)
        entry.store([9])
        #expect(entry.load() == [9])
        #expect(folder.files("dvt/values").count == 1)
    }

    @Test
    func anyChangedByteIsNoticed() throws {
        entry.store(payload)
        let bytes = try fileBytes()
        for index in bytes.indices {
            for change in [UInt8(1), 0x80, 0xff] {
                var damaged = bytes
                damaged[index] ^= change
                try writeBytes(damaged, to: entry.path)
                #expect(entry.load() == nil, "byte \(index) changed by \(change)")
            }
        }
    }

    @Test
    func anyOtherLengthIsNoticed() throws {
        entry.store(payload)
        let bytes = try fileBytes()
        for count in 0..<bytes.count {
            try writeBytes(Array(bytes.prefix(count)), to: entry.path)
            #expect(entry.load() == nil, "cut to \(count) bytes")
        }
        try writeBytes(bytes + [0], to: entry.path)
        #expect(entry.load() == nil)
    }

    @Test
    func filesOfOtherKeysAreIgnored() throws {
        let other = try #require(folder.cache.entry(.value, ["key", "another device"]))
        other.store(payload)
        try writeBytes(readFile(other.path, limit: 1 << 20), to: entry.path)
        #expect(other.load() == payload)
        #expect(entry.load() == nil)
        let program = try #require(folder.cache.entry(.program, ["key", "device"]))
        #expect(program.path != entry.path)
        program.store(payload)
        try writeBytes(readFile(program.path, limit: 1 << 20), to: entry.path)
        #expect(entry.load() == nil)
    }

    @Test
    func partsOfKeysAreSeparated() throws {
        let paths = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"]].compactMap {
            folder.cache.entry(.value, $0)?.path
        }
        #expect(Set(paths).count == 5)
    }

    @Test
    func foldersInPlaceOfAnEntryAreKept() throws {
        try folder.write("dvt/values/x")
        #expect(mkdir(entry.path, 0o700) == 0)
        #expect(entry.load() == nil)
        #expect(!entry.store(payload))
        #expect(entry.load() == nil)
        #expect(folder.files("dvt/values").count == 2)
    }

    @Test
    func pipesInPlaceOfAnEntryDoNotBlock() throws {
        try folder.write("dvt/values/x")
        #expect(mkfifo(entry.path, 0o600) == 0)
        #expect(entry.load() == nil)
        #expect(entry.store(payload))
        #expect(entry.load() == payload)
    }

    /// Root may write to read-only folders, so these folders cannot hold a file at all.
    @Test(arguments: ["/proc/dvt-test", "/dev/null/dvt-test"])
    func unwritableFoldersAreNoError(path: String) throws {
        let entry = try #require(DiskCache.folder(path).entry(.value, ["key"]))
        #expect(!entry.store([1]))
        #expect(entry.load() == nil)
    }

    @Test(.enabled(if: geteuid() != 0, "root may write to read-only folders"))
    func readOnlyFoldersAreNoError() throws {
        entry.store(payload)
        chmod("\(folder.path)/dvt/values", 0o500)
        defer { chmod("\(folder.path)/dvt/values", 0o700) }
        #expect(!entry.store([1]))
        #expect(entry.load() == payload)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func filesOfOtherUsersAreIgnored() throws {
        entry.store(payload)
        #expect(chown(entry.path, 12345, 12345) == 0)
        // Files of root and of the user are trusted; this one belongs to neither.
        #expect(entry.load() == nil)
        #expect(entry.store(payload))
        #expect(entry.load() == payload)
    }

    @Test
    func onlyTheUserHasAccess() throws {
        entry.store(payload)
        var status = stat()
        #expect(stat("\(folder.path)/dvt/values", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
        #expect(stat(entry.path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    /// Readers see the whole payload of one writer, and no temporary file remains.
    @Test
    func concurrentWritersAreSafe() async throws {
        let entry = entry
        let byteCount = 100_000
        entry.store([UInt8](repeating: 0, count: byteCount))
        await withTaskGroup(of: Bool.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    (0..<100).allSatisfy { _ in
                        entry.store([UInt8](repeating: UInt8(writer), count: byteCount))
                    }
                }
                group.addTask {
                    (0..<100).allSatisfy { _ in
                        let bytes = entry.load() ?? []
                        return bytes.count == byteCount && bytes.allSatisfy { $0 == bytes[0] }
                    }
                }
            }
            for await isRight in group {
                #expect(isRight)
            }
        }
        #expect(folder.files("dvt/values") == [entry.path])
    }

    /// The published values of the hash for the empty text, "a" and "foobar".
    @Test(
        arguments: [
            ("", "6c62272e07bb014262b821756295c58d"), ("a", "d228cb696f1a8caf78912b704e4a8964"),
            ("foobar", "343e1662793c64bf6f0d3597ba446f18"),
        ])
    func hashEqualsPublishedValues(text: String, expected: String) {
        var hash = Fingerprint()
        hash.combine(text.utf8)
        #expect(hash.hexadecimal == expected)
    }
}

struct DiskCacheTests {
    @Test(
        arguments: [
            (["XDG_CACHE_HOME": "/x", "HOME": "/h"], .folder("/x/dvt")),
            (["HOME": "/h"], .folder("/h/.cache/dvt")),
            (["XDG_CACHE_HOME": "", "HOME": "/h"], .folder("/h/.cache/dvt")),
            (["XDG_CACHE_HOME": "relative", "HOME": "/h"], .folder("/h/.cache/dvt")),
            ([:], .off(reason: "neither XDG_CACHE_HOME nor HOME is set")),
            (["HOME": "/h", "DVT_CACHE": "off"], .off(reason: "DVT_CACHE is off")),
            (["HOME": "/h", "DVT_CACHE": "OFF"], .off(reason: "DVT_CACHE is off")),
            (["HOME": "/h", "DVT_CACHE": "on"], .folder("/h/.cache/dvt")),
        ] as [([String: String], DiskCache)])
    func folderFollowsTheEnvironment(variables: [String: String], expected: DiskCache) {
        #expect(DiskCache(environment: EnvironmentVariables(variables)) == expected)
    }
}
