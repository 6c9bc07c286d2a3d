import COpenCL
import Testing

@testable import OpenCLRuntime

/// A kernel with every kind of parameter.
private let source = """
    kernel void combine(
        global float *out, global const float *in, global const float *bias, local float *room,
        int count, float scale)
    {
        int i = get_global_id(0);
        room[get_local_id(0)] = i < count ? in[i] * scale : 0.0f;
        barrier(CLK_LOCAL_MEM_FENCE);
        if (i < count) {
            out[i] = room[get_local_id(0)] + (bias ? bias[i] : 0.0f);
        }
    }

    kernel __attribute__((reqd_work_group_size(8, 2, 1))) void mark(global int *out, int width)
    {
        int x = get_global_id(0);
        int y = get_global_id(1);
        if (x < width) {
            out[y * width + x] = 10 * y + x;
        }
    }

    kernel void count_items(global int *count)
    {
        atomic_inc(count);
    }
    """

/// The context, queue and program of a kernel test.
private struct Setup {
    let context: Context
    let queue: CommandQueue
    let program: Program

    init(collectsEvents: Bool = false) throws {
        context = try makeContext()
        queue = try context.makeQueue(collectsEvents: collectsEvents)
        program = try context.program(name: "test", source: source)
    }

    func buffer(_ values: [Float]) throws -> Buffer {
        let buffer = try context.makeBuffer(byteCount: values.count * 4)
        try queue.write(values, to: buffer)
        return buffer
    }
}

@Suite(.needsDevice)
struct KernelTests {
    /// Sizes around the work-group's size, with and without the optional buffer.
    @Test(arguments: [1, 63, 64, 65, 200], [true, false])
    func acceptsEveryKindOfArgument(count: Int, hasBias: Bool) throws {
        let setup = try Setup()
        let input = (0..<count).map { Float($0) }
        let bias = (0..<count).map { Float($0) * 100 }
        let out = try setup.buffer(Array(repeating: -1, count: count))
        let arguments: [KernelArgument] = [
            .buffer(out), .buffer(try setup.buffer(input)),
            hasBias ? .buffer(try setup.buffer(bias)) : .none,
            .local(byteCount: 64 * 4), .int(Int32(count)), .float(0.5),
        ]
        try setup.queue.enqueue(
            try setup.program.kernel("combine"), arguments: arguments, global: [count], local: [64])
        let expected = zip(input, bias).map { $0 * 0.5 + (hasBias ? $1 : 0) }
        #expect(try setup.queue.read(count: count, from: out) == expected)
    }

    /// A launch sets what differs from the launch before, and only a success counts as set.
    @Test
    func argumentsThatChangeAreSet() throws {
        let setup = try Setup()
        let kernel = try setup.program.kernel("combine")
        func combine(_ input: [Float], scale: KernelArgument, bias: [Float]?) throws -> [Float] {
            // A new buffer may have the handle of the one that the launch before released.
            let out = try setup.buffer(input)
            try setup.queue.enqueue(
                kernel,
                arguments: [
                    .buffer(out), .buffer(try setup.buffer(input)),
                    try bias.map { .buffer(try setup.buffer($0)) } ?? .none,
                    .local(byteCount: 4 * input.count), .int(Int32(input.count)), scale,
                ], global: [input.count], local: [input.count])
            return try setup.queue.read(count: input.count, from: out)
        }
        #expect(try combine([1, 2], scale: .float(3), bias: nil) == [3, 6])
        #expect(try combine([4, 5], scale: .float(3), bias: [1, 2]) == [13, 17])
        #expect(try combine([1, 2, 3], scale: .float(3), bias: nil) == [3, 6, 9])
        #expect(throws: OpenCLError.self) {
            try combine([1], scale: .bytes([1]), bias: nil)
        }
        #expect(try combine([1, 2, 3], scale: .float(-3), bias: nil) == [-3, -6, -9])
        let zeros =
            try combine([1], scale: .float(0), bias: [-0.0])
            + combine([1], scale: .float(-0.0), bias: [-0.0])
        #expect(zeros.map(\.sign) == [.plus, .minus])
    }

    @Test(arguments: [(1, 4), (4, 4), (5, 8), (9, 12)])
    func roundsUpToWholeGroups(wanted: Int, launched: Int32) throws {
        let setup = try Setup()
        let count = try setup.buffer([0])
        try setup.queue.enqueue(
            try setup.program.kernel("count_items"), arguments: [.buffer(count)],
            global: [wanted], local: [4])
        #expect(try setup.queue.read(Int32.self, count: 1, from: count) == [launched])
    }

    @Test
    func launchesOverTwoDimensions() throws {
        let setup = try Setup()
        let out = try setup.context.makeBuffer(byteCount: 9 * 4 * 4)
        let kernel = try setup.program.kernel("mark")
        #expect(kernel.requiredWorkGroupSize == [8, 2, 1])
        try setup.queue.enqueue(
            kernel, arguments: [.buffer(out), .int(9)], global: [9, 4], local: [8, 2])
        let expected = (0..<4).flatMap { y in (0..<9).map { x in Int32(10 * y + x) } }
        #expect(try setup.queue.read(Int32.self, count: 36, from: out) == expected)
    }

    @Test
    func emptyGridLaunchesNothing() throws {
        let setup = try Setup(collectsEvents: true)
        let count = try setup.buffer([0])
        let kernel = try setup.program.kernel("count_items")
        _ = setup.queue.takeEvents()
        let event = try setup.queue.enqueue(
            kernel, arguments: [.buffer(count)], global: [0, 4], local: [4, 1])
        #expect(event == nil)
        #expect(setup.queue.takeEvents().isEmpty)
        #expect(setup.context.statistics.kernelsLaunched == 0)
    }

    @Test
    func refusesInvalidSizes() throws {
        let setup = try Setup()
        let kernel = try setup.program.kernel("count_items")
        func launch(_ global: [Int], _ local: [Int]) throws {
            let count = try setup.buffer([0])
            try setup.queue.enqueue(
                kernel, arguments: [.buffer(count)], global: global, local: local)
        }
        for (global, local) in [
            ([], []), ([1, 1, 1, 1], [1, 1, 1, 1]), ([4], [2, 2]), ([4], [0]), ([-1], [1]),
        ] as [([Int], [Int])] {
            let expected = OpenCLError.workSize(
                kernel: "count_items", global: global, local: local)
            #expect(throws: expected) { try launch(global, local) }
        }
        let most = min(kernel.maxWorkGroupSize, setup.context.device.maxWorkGroupSize)
        for local in [[most, 2], [most * 2], [Int.max / 2]] {
            let error = #expect(throws: OpenCLError.self) {
                try launch(local, local)
            }
            guard case .workGroupTooLarge("count_items", local, _) = error else {
                Issue.record("\(String(describing: error)) for \(local)")
                continue
            }
        }
    }

    @Test
    func refusesSizesOtherThanTheRequired() throws {
        let setup = try Setup()
        let out = try setup.buffer([0])
        #expect(
            throws: OpenCLError.workGroupFixed(
                kernel: "mark", local: [16], required: [8, 2, 1])
        ) {
            try setup.queue.enqueue(
                try setup.program.kernel("mark"), arguments: [.buffer(out), .int(1)],
                global: [16], local: [16])
        }
    }

    @Test
    func refusesWrongArguments() throws {
        let setup = try Setup()
        let kernel = try setup.program.kernel("mark")
        let out = try setup.buffer([0])
        #expect(throws: OpenCLError.argumentCount(kernel: "mark", expected: 2, given: 1)) {
            try setup.queue.enqueue(
                kernel, arguments: [.buffer(out)], global: [8, 2], local: [8, 2])
        }
        let error = #expect(throws: OpenCLError.self) {
            try setup.queue.enqueue(
                kernel, arguments: [.buffer(out), .buffer(out)], global: [8, 2], local: [8, 2])
        }
        let text = try #require(error).description
        #expect(text.hasPrefix("argument 1 of kernel 'mark' (a buffer of 4 bytes) was rejected"))
        #expect(text.contains("CL_INVALID_ARG_SIZE"))
    }

    /// PoCL reports names even for programs loaded from the disk cache.
    @Test
    func argumentNamesAreReportedOnRequest() throws {
        let folder = try TemporaryFolder()
        for origin in [Program.Origin.source, .diskCache] {
            let program = try makeContext(folder.cache).program(
                name: "test", source: source, options: "-cl-kernel-arg-info")
            #expect(program.origin == origin)
            guard let names = try program.kernel("combine").argumentNames else {
                #expect(!program.device.isPoCL)
                continue
            }
            #expect(names == ["out", "in", "bias", "room", "count", "scale"])
        }
    }

    @Test
    func unknownKernelsListTheKnownOnes() throws {
        let setup = try Setup()
        let expected = OpenCLError.kernelNotFound(
            kernel: "nope", program: "test", available: ["combine", "count_items", "mark"])
        #expect(throws: expected) { try setup.program.kernel("nope") }
    }

    @Test
    func eventsAreKeptOnlyOnRequest() throws {
        let setup = try Setup()
        let count = try setup.buffer([0])
        let kernel = try setup.program.kernel("count_items")
        func launch() throws -> Event? {
            try setup.queue.enqueue(
                kernel, arguments: [.buffer(count)], global: [1], local: [1])
        }
        #expect(try launch() == nil)
        setup.queue.collectsEvents = true
        let event = try #require(try launch())
        try setup.queue.fill(count, pattern: 0)
        setup.queue.collectsEvents = false
        #expect(try launch() == nil)
        #expect(setup.queue.takeEvents().map(\.label) == ["count_items", "fill"])
        #expect(setup.queue.takeEvents().isEmpty)
        let profile = try event.profile()
        #expect(profile.queuedNanoseconds <= profile.submittedNanoseconds)
        #expect(profile.submittedNanoseconds <= profile.startedNanoseconds)
        #expect(profile.startedNanoseconds <= profile.endedNanoseconds)
        #expect(
            profile.elapsedNanoseconds == profile.endedNanoseconds - profile.startedNanoseconds)
        #expect(setup.context.statistics.kernelsLaunched == 3)
    }

    /// Without the kernel's lock, threads would launch it with each other's arguments.
    @Test(.needsThreads)
    func threadsMayShareAKernel() async throws {
        let setup = try Setup()
        let kernel = try setup.program.kernel("combine")
        let input = try setup.buffer([1])
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for task in 0..<4 {
                group.addTask {
                    let queue = try setup.context.makeQueue()
                    let out = try setup.context.makeBuffer(byteCount: 4)
                    for round in 0..<1000 {
                        let value = Float(task * 1000 + round)
                        try queue.enqueue(
                            kernel,
                            arguments: [
                                .buffer(out), .buffer(input), .none, .local(byteCount: 4), .int(1),
                                .float(value),
                            ],
                            global: [1], local: [1])
                        guard try queue.read(count: 1, from: out) == [value] else {
                            return false
                        }
                    }
                    return true
                }
            }
            for try await isRight in group {
                #expect(isRight)
            }
        }
    }
}

@Suite(.needsDevice)
struct LaunchGuardTests {
    @Test func versionsAreRead() {
        #expect(LaunchGuard.majorVersion("OpenCL 3.0 PoCL 3.1+debian  Linux, LLVM 15.0.6") == 3)
        #expect(LaunchGuard.majorVersion("OpenCL 3.0 PoCL 6.0  Linux") == 6)
        #expect(LaunchGuard.majorVersion("OpenCL 3.0 CUDA 12.4.131") == nil)
    }

    /// One kernel over grids of many widths from several queues at once, which PoCL 3.1 cannot run
    /// correctly without the launch guard.
    @Test func queuesOfOneProcessDoNotInterfere() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    let setup = try Setup()
                    let kernel = try setup.program.kernel("count_items")
                    let count = try setup.buffer([0])
                    var expected = 0
                    for launch in 0..<400 {
                        let width = 64 * (1 + (launch * 7 + task * 3) % 40)
                        try setup.queue.enqueue(
                            kernel, arguments: [.buffer(count)], global: [width], local: [64])
                        expected += width
                    }
                    #expect(
                        try setup.queue.read(Int32.self, count: 1, from: count) == [Int32(expected)]
                    )
                }
            }
            try await group.waitForAll()
        }
    }
}
