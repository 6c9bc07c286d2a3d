import DVTCore
import DVTTestSupport
import Foundation
import OpenCLRuntime
import Testing

@testable import DVTOpenCL

@Suite struct LinearTuningTests {
    private typealias Sizes = LinearTuning.Sizes

    @Test func everyEngineIsFoundByItsName() {
        let names = LinearEngine.all.map(\.description)
        #expect(Set(names).count == names.count)
        for engine in LinearEngine.all {
            #expect(LinearEngine(engine.description) == engine)
        }
        #expect(LinearEngine("packed-99x99") == nil && LinearEngine("") == nil)
        #expect(names.contains("packed-12x32") && names.contains("tile-64x64x16"))
    }

    @Test(arguments: [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (1576, 2048), (2049, 4096)])
    func rowsAreRoundedUp(rows: Int, rounded: Int) {
        #expect(Sizes(rows: rows, inputs: 1, outputs: 1).rows == rounded)
    }

    @Test func theNearestRowCountIsUsed() throws {
        let (few, many) = (LinearEngine.clblast, try #require(LinearEngine("packed-8x32")))
        var tuning = LinearTuning()
        tuning.set(few, for: Sizes(rows: 8, inputs: 3, outputs: 4))
        tuning.set(many, for: Sizes(rows: 64, inputs: 3, outputs: 4))
        let found = [1, 2, 8, 9, 16, 17, 64, 256, 257].map {
            tuning.engine(rows: $0, inputs: 3, outputs: 4)
        }
        // 1 is three doublings from 8, and so is 257 from 64.
        #expect(found == [nil, few, few, few, few, many, many, many, nil])
        #expect(tuning.engine(rows: 8, inputs: 4, outputs: 3) == nil)
        #expect(LinearTuning().engine(rows: 8, inputs: 3, outputs: 4) == nil)
    }

    @Test func textRoundTrips() throws {
        var tuning = LinearTuning()
        for (index, engine) in LinearEngine.all.enumerated() {
            tuning.set(engine, for: Sizes(rows: 1 << index, inputs: 384, outputs: 1152))
        }
        #expect(LinearTuning(text: tuning.text) == tuning)
        #expect(LinearTuning(text: "") == LinearTuning())
        for damaged in [
            "8 3 4", "8 3 4 magic", "8 3 -4 clblast", "8 3 4 clblast x", "a 3 4 clblast",
        ] {
            #expect(LinearTuning(text: damaged) == nil, "\(damaged)")
        }
    }
}

@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct StoredTuningTests {
    private let folder = NSTemporaryDirectory() + "dvt-tuning-\(UUID().uuidString)"

    private func context() throws -> Context {
        try Context(device: DeviceSelector(nil).device(), diskCache: .folder(folder))
    }

    /// A backend uses the stored tuning, gives precedence to an explicit engine, and ignores
    /// damaged tunings with a warning.
    @Test func aBackendUsesTheStoredTuning() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let context = try context()
        var tuning = LinearTuning()
        tuning.set(.clblast, for: .init(rows: 8, inputs: 3, outputs: 4))
        #expect(tuning.store(for: context, .float32))
        let backend = try OpenCLBackend(context: context, kernelStyle: .vector)
        #expect(backend.linearTuning == tuning && backend.tuningProblem == nil)
        let given = try OpenCLBackend(
            context: context, kernelStyle: .vector, linearEngine: .tile(.standard),
            precision: .float32, buildOptions: "")
        #expect(given.linearTuning == LinearTuning())

        let file = try #require(
            FileManager.default.enumerator(atPath: folder + "/values")?.allObjects.first as? String)
        let path = "\(folder)/values/\(file)"
        var bytes = try #require(FileManager.default.contents(atPath: path))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let other = try OpenCLBackend(context: context, kernelStyle: .vector)
        #expect(other.linearTuning == LinearTuning())
        #expect(other.tuningProblem?.hasPrefix(path) == true)
    }

    /// Another kernel's text, an engine that is not known any more, or the format of a former version.
    @Test(arguments: ["kernels 0\n8 3 4 clblast", "KERNELS8 3 4 magic", "8 3 4 clblast"])
    func aTuningOfAnotherVersionIsIgnored(text: String) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let context = try context()
        DeviceCache(context.diskCache).store(
            text.replacingOccurrences(of: "KERNELS", with: try LinearTuning.kernelLine()),
            for: LinearTuning.cacheKey(.float32), device: context.device)
        let backend = try OpenCLBackend(context: context, kernelStyle: .vector)
        #expect(backend.linearTuning == LinearTuning())
        #expect(backend.tuningProblem?.contains("another version; it is ignored; run") == true)
    }

    /// The hash covers the files that a kernel includes, and their order.
    @Test func theTextOfKernelsIsHashed() throws {
        let hashes = try [
            ["linear_mma"], ["mma_trial"], ["linear_tile", "linear_mma"],
            ["linear_mma", "linear_tile"],
        ].map { try KernelLibrary.fingerprint(of: $0) }
        #expect(Set(hashes).count == 4 && hashes.allSatisfy { $0.count == 32 })
        #expect(try KernelLibrary.source("linear_mma").contains("mma_ptx.cl"))
    }

    /// The engine of a device with tile kernels is measured once and stored.
    @Test func theTileEngineIsStored() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let context = try context()
        DeviceCache(context.diskCache).store(
            "clblast", for: LinearEngine.cacheKey, device: context.device)
        #expect(try LinearEngine.standard(.tile, .float32, on: context) == .clblast)
        #expect(try LinearEngine.standard(.vector, .float32, on: context) != .clblast)
    }
}
