import DVTCore
import DVTTestSupport
import Foundation
import OpenCLRuntime
import Testing

@testable import DVTOpenCL

@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct PeakTests {
    /// The meter rejects kernels that compute wrong numbers.
    @Test func everyPeakIsMeasured() throws {
        let context = try Context(device: DeviceSelector(nil).device())
        let measured = try PeakMeter(context: context, isSmall: true).measure()
        #expect(
            measured.map(\.quantity) == [.multiplyAdds, .copy, .launch, .queuedLaunch])
        for measurement in measured {
            #expect(measurement.value > 0 && measurement.value.isFinite)
        }
    }

    /// The kernel of the instruction, emulated.
    @Test func theProductsOfPairsAreMeasured() throws {
        let context = try Context(device: DeviceSelector(nil).device())
        let instructions = ProductInstructions(dot: .emulated)
        let measured = try PeakMeter(
            context: context, instructions: instructions, isSmall: true
        ).measure()
        let dot = try #require(measured.first { $0.quantity == .bfloat16Dot })
        #expect(dot.value > 0 && dot.value.isFinite)
        #expect(DevicePeak(measured).products == [.bfloat16Dot: dot.value])
    }

    /// The kernel of the instructions, emulated in every layout.
    @Test(arguments: [
        (MatrixInstructions.emulated, true), (.emulatedXMX16, false), (.emulatedXMX8, false),
    ])
    func matrixInstructionsAreMeasured(
        instructions: MatrixInstructions, multiplyFloat32: Bool
    ) throws {
        let products = ProductInstructions(
            matrix16: instructions, matrix32: multiplyFloat32 ? instructions : nil)
        let measured = try PeakMeter(
            context: Context(device: DeviceSelector(nil).device()), instructions: products,
            isSmall: true
        ).measure()
        let rates = DevicePeak(measured).products
        #expect(Set(rates.keys) == Set(products.quantities))
        #expect(rates.values.allSatisfy { $0 > 0 && $0.isFinite })
        // Products of 16 x 16 x 16 by four subgroups of each group, forth and back in 3 steps.
        let matrix = try #require(measured.first { $0.quantity == .matrix16 })
        #expect(matrix.work % (2 * 4096 * 4 * 2 * 3) == 0)
    }

    @Test func aRoofIsThatOfTheBackendsProducts() {
        let peak = DevicePeak(
            gigaflops: 100, gigabytes: 10, products: [.bfloat16Dot: 200, .matrix16: 900])
        #expect(peak.limits(.bfloat16Dot).gigaflops == 200)
        #expect(peak.limits(.matrix16).gigaflops == 900)
        #expect(peak.limits(.matrix32).gigaflops == 100 && peak.limits(nil).gigaflops == 100)
    }

    @Test func wrongResultsAreNotTimed() throws {
        let context = try Context(device: DeviceSelector(nil).device())
        // The later definition takes precedence: the kernel has fewer chains than the host assumes.
        let meter = try PeakMeter(context: context, buildOptions: "-DCHAINS=2", isSmall: true)
        #expect(throws: PeakError.self) { try meter.measure() }
    }

    @Test func ratesUseTheFastestRunAndLatenciesTheMedian() {
        func measurement(_ quantity: PeakMeasurement.Quantity, work: Int) -> PeakMeasurement {
            PeakMeasurement(
                quantity: quantity, kernel: "", work: work, milliseconds: [4, 1, 2])
        }
        #expect(measurement(.multiplyAdds, work: 3_000_000).value == 3)
        #expect(measurement(.copy, work: 5_000_000).value == 5)
        #expect(measurement(.queuedLaunch, work: 1000).value == 2)
    }

    @Test func sharesUseTheLimitingPeak() {
        let peak = DevicePeak(gigaflops: 100, gigabytes: 10)
        #expect(peak.share(multiplyAdds: 25_000_000, byteCount: 1, milliseconds: 1) == 0.5)
        #expect(peak.share(multiplyAdds: 0, byteCount: 2_500_000, milliseconds: 1) == 0.25)
    }

    @Test func rooflineSharesUseTheLongerTime() {
        let peak = DevicePeak(gigaflops: 100, gigabytes: 10)
        #expect(peak.rooflineShare(operations: 5e7, byteCount: 1, milliseconds: 1) == 0.5)
        #expect(peak.rooflineShare(operations: 5e7, byteCount: 1e7, milliseconds: 2) == 0.5)
        #expect(peak.rooflineShare(operations: 0, byteCount: 2.5e6, milliseconds: 1) == 0.25)
    }

    /// A lower measurement, as under load, does not lower the stored peak.
    @Test func theHighestPeakIsStored() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("peak-tests-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let context = try Context(
            device: DeviceSelector(nil).device(), diskCache: .folder(folder))
        #expect(DevicePeak.remembered(on: context) == nil)
        DevicePeak(gigaflops: 20, gigabytes: 3).remember(on: context)
        DevicePeak(gigaflops: 10, gigabytes: 4).remember(on: context)
        #expect(
            DevicePeak.remembered(on: context) == DevicePeak(gigaflops: 20, gigabytes: 4))
        for rate in [40, 30.0] {
            DevicePeak(gigaflops: 1, gigabytes: 1, products: [.matrix16: rate])
                .remember(on: context)
        }
        #expect(
            DevicePeak.remembered(on: context)
                == DevicePeak(gigaflops: 20, gigabytes: 4, products: [.matrix16: 40]))
    }

    /// Transfers are excluded; profiles with a library's GEMM are marked as incomplete.
    @Test(arguments: [LinearEngine.tile(.standard), .clblast])
    func kernelsAreProfiled(engine: LinearEngine) throws {
        let backend = try TestDevice.makeBackend(.tile, engine: engine)
        let map = try backend.makeLinear(
            LinearParameters(
                weight: backend.upload(.uniform([64, 48], name: "weight", seed: 1)),
                bias: backend.upload(Tensor([64], repeating: 1))))
        func run() throws {
            let x = try backend.upload(Tensor([32, 48], repeating: 1))
            _ = try backend.download(
                backend.linear(x, map, activation: .gelu, residual: nil))
        }
        // The first run builds the kernels.
        try run()
        let work = try backend.profile(run)
        #expect(work.launches == (engine == .clblast ? 2 : 1))
        #expect(work.isPartial == (engine == .clblast))
        #expect(work.milliseconds > 0)
        #expect(backend.queue.takeEvents().isEmpty && !backend.queue.collectsEvents)
    }
}
