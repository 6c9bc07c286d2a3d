import DVTSupport
import Glibc
import Testing

@testable import OpenCLRuntime

private let source = "kernel void set(global float *out, float value) { *out = value * FACTOR; }"

@Suite(.needsDevice)
struct ProgramCacheTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Builds the program in its own context, checks its result and returns how it was built.
    @discardableResult
    private func run(_ diskCache: DiskCache, factor: Int = 2) throws -> Context.Statistics {
        let context = try makeContext(diskCache)
        let program = try context.program(
            name: "set", source: source, options: "-D FACTOR=\(factor)")
        let queue = try context.makeQueue()
        let out = try context.makeBuffer(byteCount: 4)
        try queue.enqueue(
            try program.kernel("set"), arguments: [.buffer(out), .float(3)], global: [1],
            local: [1])
        #expect(try queue.read(count: 1, from: out) == [Float(3 * factor)])
        return context.statistics
    }

    private func expectCompiled(_ statistics: Context.Statistics) {
        #expect(statistics.programsCompiled == 1)
        #expect(statistics.programsLoaded == 0)
        #expect(statistics.compileSeconds > 0)
    }

    private func expectLoaded(_ statistics: Context.Statistics) {
        #expect(statistics.programsCompiled == 0)
        #expect(statistics.programsLoaded == 1)
        #expect(statistics.loadSeconds > 0)
    }

    @Test
    func aSecondContextLoads() throws {
        expectCompiled(try run(folder.cache))
        expectLoaded(try run(folder.cache))
        #expect(folder.files("dvt/programs").count == 1)
    }

    @Test
    func optionsAndSourcesAreKeptApart() throws {
        expectCompiled(try run(folder.cache, factor: 2))
        expectCompiled(try run(folder.cache, factor: 5))
        expectLoaded(try run(folder.cache, factor: 2))
        #expect(folder.files("dvt/programs").count == 2)
    }

    @Test
    func aContextKeepsItsPrograms() throws {
        let context = try makeContext()
        let options = "-D FACTOR=1"
        let first = try context.program(name: "set", source: source, options: options)
        let again = try context.program(name: "set", source: source, options: " \(options) ")
        let other = try context.program(name: "set", source: source, options: "-D FACTOR=2")
        #expect(first === again)
        #expect(first !== other)
        #expect(first.options == "-cl-std=CL1.2 -D FACTOR=1")
        #expect(first.origin == .source)
        #expect(context.statistics.programsCompiled == 2)
        #expect(context.statistics.programsReused == 1)
    }

    @Test
    func theLanguageVersionCanBeNamed() {
        #expect(Context.complete("") == "-cl-std=CL1.2")
        #expect(Context.complete("-cl-std=CL3.0 -D X") == "-cl-std=CL3.0 -D X")
    }

    @Test
    func damageIsRepaired() throws {
        try run(folder.cache)
        let path = try #require(folder.files("dvt/programs").first)
        let good = try readFile(path, limit: 1 << 28)
        // A byte of every field, of the key and of the payload, and cuts between and inside them.
        let last = good.count - 1
        let payload = CacheEntry.headerByteCount + Int(good[16]) + Int(good[17]) << 8
        for index in [0, 8, 16, 24, 31, 32, 47, 48, payload - 1, payload, last] {
            var bytes = good
            bytes[index] ^= 0x10
            try writeBytes(bytes, to: path)
            expectCompiled(try run(folder.cache))
            expectLoaded(try run(folder.cache))
        }
        for count in [0, 7, 47, 48, payload, last] {
            try writeBytes(Array(good.prefix(count)), to: path)
            expectCompiled(try run(folder.cache))
            expectLoaded(try run(folder.cache))
        }
    }

    @Test
    func aBinaryThatTheDriverRefusesIsRebuilt() throws {
        let device = try #require(TestDevice.shared)
        let options = Context.complete("-D FACTOR=2")
        let entry = try #require(
            folder.cache.entry(.program, [source, options] + device.fingerprint))
        for payload in [[], [0], (0..<1000).map { UInt8(truncatingIfNeeded: $0) }] as [[UInt8]] {
            entry.store(payload)
            expectCompiled(try run(folder.cache))
            expectLoaded(try run(folder.cache))
        }
    }

    @Test
    func filesOfOtherProgramsAreIgnored() throws {
        try run(folder.cache, factor: 2)
        let two = try #require(folder.files("dvt/programs").first)
        try run(folder.cache, factor: 5)
        let five = try #require(folder.files("dvt/programs").first { $0 != two })
        try writeBytes(readFile(five, limit: 1 << 28), to: two)
        expectCompiled(try run(folder.cache, factor: 2))
    }

    @Test
    func foldersInPlaceOfAnEntryForceARebuild() throws {
        try run(folder.cache)
        let path = try #require(folder.files("dvt/programs").first)
        unlink(path)
        mkdir(path, 0o700)
        expectCompiled(try run(folder.cache))
        expectCompiled(try run(folder.cache))
    }

    @Test(arguments: ["/proc/dvt-test", "/dev/null/dvt-test"])
    func unwritableFoldersForceARebuild(path: String) throws {
        expectCompiled(try run(.folder(path)))
        expectCompiled(try run(.folder(path)))
    }

    @Test
    func disabledCachesWriteNoFiles() throws {
        expectCompiled(try run(.off(reason: "test")))
        #expect(FileTree().names(in: folder.path).isEmpty)
    }

    @Test(.needsThreads)
    func concurrentContextsAreSafe() async throws {
        let tests = self
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask { _ = try tests.run(tests.folder.cache, factor: task % 2 + 1) }
            }
            try await group.waitForAll()
        }
        #expect(folder.files("dvt/programs").count == 2)
        expectLoaded(try run(folder.cache, factor: 1))
        expectLoaded(try run(folder.cache, factor: 2))
    }

    @Test(.needsThreads)
    func threadsOfAContextBuildOnce() async throws {
        let context = try makeContext()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    _ = try context.program(name: "set", source: source, options: "-D FACTOR=1")
                }
            }
            try await group.waitForAll()
        }
        #expect(context.statistics.programsCompiled == 1)
        #expect(context.statistics.programsReused == 7)
    }

    /// A context retains its programs; if they retained it too, neither would be released.
    @Test
    func contextsAreReleased() throws {
        weak var gone: Context?
        weak var program: Program?
        do {
            let context = try makeContext()
            gone = context
            program = try context.program(name: "set", source: source, options: "-D FACTOR=1")
            #expect(program != nil)
        }
        #expect(gone == nil)
        #expect(program == nil)
    }
}

@Suite(.needsDevice)
struct DeviceCacheTests {
    @Test
    func storesByDeviceAndKey() throws {
        let folder = try TemporaryFolder()
        let device = try #require(TestDevice.shared)
        let cache = DeviceCache(folder.cache)
        #expect(cache.value(for: "tile", device: device) == nil)
        #expect(cache.store("64x64", for: "tile", device: device))
        #expect(cache.store("µ-kernel", for: "other", device: device))
        #expect(cache.value(for: "tile", device: device) == "64x64")
        #expect(DeviceCache(folder.cache).value(for: "other", device: device) == "µ-kernel")
        cache.store("", for: "tile", device: device)
        #expect(cache.value(for: "tile", device: device) == "")
    }

    @Test
    func damagedValuesAreIgnored() throws {
        let folder = try TemporaryFolder()
        let device = try #require(TestDevice.shared)
        let cache = DeviceCache(folder.cache)
        cache.store("64x64", for: "tile", device: device)
        let path = try #require(folder.files("dvt/values").first)
        try writeBytes(Array("64x64".utf8), to: path)
        #expect(cache.value(for: "tile", device: device) == nil)
        let entry = folder.cache.entry(.value, ["tile"] + device.fingerprint)
        entry?.store([0xff, 0xfe])
        #expect(cache.value(for: "tile", device: device) == nil)
    }

    @Test
    func disabledCachesStoreNothing() throws {
        let device = try #require(TestDevice.shared)
        let cache = DeviceCache(.off(reason: "test"))
        #expect(!cache.store("64x64", for: "tile", device: device))
        #expect(cache.value(for: "tile", device: device) == nil)
    }
}
