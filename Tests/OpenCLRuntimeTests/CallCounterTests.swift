import CCLBlast
import COpenCL
import CallCounter
import Testing

@testable import OpenCLRuntime

/// The counter must see the calls of this package and those of libraries.
@Suite(.needsDevice)
struct CallCounterTests {
    private let context: Context

    init() throws {
        context = try makeContext()
        call_counter_reset(context.handle)
    }

    @Test
    func countsOurOwnCalls() throws {
        let source = "kernel void one(global float *out) { *out = 1; }"
        let program = try context.program(name: "one", source: source)
        let queue = try context.makeQueue()
        let buffer = try context.makeBuffer(byteCount: 40)
        _ = try context.makeBuffer(byteCount: 20)
        for _ in 0..<3 {
            try queue.enqueue(
                try program.kernel("one"), arguments: [.buffer(buffer)], global: [1], local: [1])
        }
        try queue.finish()
        #expect(call_counter_builds(context.handle) == 1)
        #expect(call_counter_buffers(context.handle) == 2)
        #expect(call_counter_largest_buffer(context.handle) == 40)
        #expect(call_counter_launches(context.handle) == 3)
    }

    @Test
    func countsSubBuffers() throws {
        let buffer = try context.makeBuffer(byteCount: 1 << 13)
        var region = cl_buffer_region(origin: 1 << 12, size: 64)
        var status: cl_int = 0
        let part = clCreateSubBuffer(
            buffer.handle, cl_mem_flags(CL_MEM_READ_WRITE),
            cl_buffer_create_type(CL_BUFFER_CREATE_TYPE_REGION), &region, &status)
        #expect(status == CL_SUCCESS)
        clReleaseMemObject(part)
        #expect(call_counter_buffers(context.handle) == 2)
    }

    @Test
    func contextsAreCountedSeparately() throws {
        let other = try makeContext()
        call_counter_reset(other.handle)
        _ = try other.makeBuffer(byteCount: 10)
        #expect(call_counter_buffers(other.handle) == 1)
        #expect(call_counter_buffers(context.handle) == 0)
    }

    @Test
    func countsTheCallsOfALibrary() throws {
        let size = 16
        let queue = try context.makeQueue(collectsEvents: true)
        let values = (0..<size * size).map { Float($0 % 7) }
        let left = try context.makeBuffer(byteCount: size * size * 4)
        let right = try context.makeBuffer(byteCount: size * size * 4)
        let product = try context.makeBuffer(byteCount: size * size * 4)
        try queue.write(values, to: left)
        try queue.write(values, to: right)
        _ = queue.takeEvents()
        let event = try queue.enqueueExternal(label: "sgemm") { queue, event in
            let status = CLBlastSgemm(
                CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, size, size, size, 1,
                left.handle, 0, size, right.handle, 0, size, 0, product.handle, 0, size, queue,
                event)
            try #require(status == CLBlastSuccess)
        }
        let expected = (0..<size * size).map { index in
            (0..<size).reduce(Float(0)) { sum, k in
                sum + values[index / size * size + k] * values[k * size + index % size]
            }
        }
        #expect(try queue.read(count: size * size, from: product) == expected)
        #expect(try event?.profile().elapsedNanoseconds ?? 0 > 0)
        #expect(queue.takeEvents().map(\.label) == ["sgemm", "read"])
        #expect(call_counter_launches(context.handle) >= 1)
        #expect(call_counter_builds(context.handle) >= 1)
        #expect(context.statistics.kernelsLaunched == 0)
    }
}
