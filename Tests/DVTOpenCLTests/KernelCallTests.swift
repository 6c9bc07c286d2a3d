import DVTCore
import DVTTestSupport
import OpenCLRuntime
import Testing

@testable import DVTOpenCL

@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct KernelCallTests {
    private let backend: OpenCLBackend
    private let a: OpenCLTensor
    private let b: OpenCLTensor
    private let y: OpenCLTensor
    private let names = ["y", "a", "b", "count"]

    init() throws {
        backend = try TestDevice.makeBackend(.tile)
        a = try backend.upload(Tensor([2], values: [1, 2]))
        b = try backend.upload(Tensor([2], values: [10, 20]))
        y = try backend.upload(Tensor([2], repeating: 0))
    }

    private func call(_ arguments: KernelArguments) -> KernelCall {
        KernelCall("sum_arrays", in: "elementwise", arguments, over: .elements(2))
    }

    /// A sum, as its kernel declares it.
    private var sum: KernelCall {
        call(["y": .tensor(y), "a": .tensor(a), "b": .tensor(b), "count": .int(Int32(2))])
    }

    /// Whether the driver reports the names that calls are checked by; PoCL must.
    private func reportsNames() throws -> Bool {
        let names = try backend.kernels.kernel(for: sum).argumentNames
        #expect(names == self.names || (names == nil && !backend.context.device.isPoCL))
        return names != nil
    }

    @Test func aCallRuns() throws {
        try backend.enqueue(sum)
        #expect(try backend.download(y).values == [11, 22])
    }

    /// The memory of tensors that nothing else holds is not reused before the launch.
    @Test func temporaryArgumentsKeepTheirMemory() throws {
        func temporary(_ values: [Float]) throws -> OpenCLTensor {
            try backend.upload(Tensor([2], values: values))
        }
        try backend.enqueue(
            call([
                "y": .tensor(y), "a": .tensor(temporary([3, 4])),
                "b": .tensor(temporary([30, 40])), "count": .int(Int32(2)),
            ]))
        #expect(try backend.download(y).values == [33, 44])
    }

    /// Also after a correct call has built the kernel: several places may call it.
    @Test(arguments: [false, true])
    func swappedArgumentsAreRefused(isBuilt: Bool) throws {
        guard try reportsNames() else { return }
        let other = try TestDevice.makeBackend(.tile)
        let backend = isBuilt ? self.backend : other
        let swapped = call([
            "y": .tensor(y), "b": .tensor(b), "a": .tensor(a), "count": .int(Int32(2)),
        ])
        let expected = OpenCLBackendError.kernelArguments(
            kernel: "elementwise.cl: sum_arrays", declared: names, given: ["y", "b", "a", "count"])
        #expect(throws: expected) { try backend.enqueue(swapped) }
        #expect(expected.description.contains("(y, a, b, count)"))
        #expect(expected.description.contains("(y, b, a, count)"))
    }

    /// A driver may report placeholders instead of the names in the source.
    @Test func placeholdersContradictNothing() {
        let arguments: KernelArguments = ["y": .none, "count": .none]
        #expect(!arguments.contradict(["y", "count"]))
        #expect(!arguments.contradict(["arg0", "arg1"]))
        #expect(arguments.contradict(["count", "y"]))
        #expect(arguments.contradict(["y", "count", "rows"]))
        #expect(arguments.contradict(["y", "rows"]))
    }

    @Test func aMissingArgumentIsRefused() throws {
        let missing = call(["y": .tensor(y), "a": .tensor(a), "b": .tensor(b)])
        if try reportsNames() {
            #expect(throws: OpenCLBackendError.self) { try backend.enqueue(missing) }
        } else {
            #expect(throws: OpenCLError.self) { try backend.enqueue(missing) }
        }
    }

    /// Two files define a kernel of this name, which have different parameters.
    @Test func kernelsOfEqualNameAreKeptApartByTheirFile() throws {
        let macros = backend.packedTile.macros + ["WIDTH=16", "SUM_CHUNK=64"]
        let counts = try ["performer", "performer_vector", "performer"].map { file in
            try backend.kernels.kernel(
                KernelFunction(name: "performer_partial_sums", file: file, macros: macros)
            ).argumentCount
        }
        #expect(counts == [8, 6, 8])
    }

    @Test func aKernelIsBuiltOncePerSetOfMacros() throws {
        func kernel(_ macros: [String]) throws -> Kernel {
            try backend.kernels.kernel(
                KernelFunction(name: "clear", file: "elementwise", macros: macros))
        }
        #expect(try kernel(["WG=1"]) === kernel(["WG=1"]))
        #expect(try kernel(["WG=1"]) !== kernel(["WG=64"]))
    }
}

@Suite struct KernelGridTests {
    @Test func elementsHaveWorkItems() {
        let grid = KernelGrid.elements(100, 70_000, 3)
        #expect(grid.global == [100, 65_535, 3] && grid.local == [64, 1, 1])
        #expect(grid.macros.isEmpty)
    }

    @Test func rowsHaveWorkGroups() {
        let grid = KernelGrid.rows(7, items: 64)
        #expect(grid.global == [448] && grid.local == [64] && grid.macros == ["WG=64"])
    }

    @Test func groupsHaveTheirShape() {
        #expect(KernelGrid.groups(2, 3) == .groups([2, 3], items: [1, 1]))
        let grid = KernelGrid.groups([2, 3, 4], items: [16, 8, 1])
        #expect(grid.global == [32, 24, 4] && grid.local == [16, 8, 1])
    }

    @Test func theMacrosOfAGridPrecedeThoseOfTheCall() {
        let call = KernelCall("k", in: "f", macros: ["A"], [:], over: .rows(1, items: 2))
        #expect(call.function == KernelFunction(name: "k", file: "f", macros: ["WG=2", "A"]))
    }
}
