import DVTParity
import DVTSupport
import OpenCLRuntime

/// The arguments of a launch of the user's kernel, with their buffers.
struct UserArguments {
    private(set) var values: [KernelArgument] = []

    /// The elements of the random block that fills buffers, repeated.
    private static let blockCount = 1 << 16

    /// Creates and fills the buffers.
    ///
    /// - Parameters:
    ///   - arguments: the arguments.
    ///   - sizes: the value of each name in their formulas.
    ///   - queue: the queue that fills the buffers.
    ///   - kernel: the kernel, for its local memory.
    /// - Throws: ``SweepError``, ``UserKernelError`` if memory is exceeded or an integer does not
    ///   fit its type, or ``OpenCLError``.
    init(
        _ arguments: [ArgumentText], _ sizes: [String: Int], queue: CommandQueue, kernel: Kernel
    ) throws {
        let device = queue.context.device
        var total = 0
        var localBytes = kernel.localMemoryBytes
        for (index, argument) in arguments.enumerated() {
            let name = "--arg \(index + 1), \(quoted(argument.text))"
            switch argument.kind {
            case .buffer(let type, let count):
                let elements = try count.value(sizes)
                let (byteCount, overflow) = elements.multipliedReportingOverflow(by: type.byteCount)
                guard !overflow, byteCount <= device.maxAllocationBytes,
                    total <= device.globalMemoryBytes - byteCount
                else {
                    throw UserKernelError(
                        """
                        \(name): \(elements) elements exceed the device's memory of \
                        \(device.globalMemoryBytes) bytes, or its \(device.maxAllocationBytes) \
                        bytes per buffer; use smaller sizes
                        """)
                }
                total += byteCount
                values.append(.buffer(try Self.buffer(type, elements, seed: index, queue)))
            case .local(let count):
                let byteCount = try count.value(sizes)
                guard byteCount > 0, byteCount <= device.localMemoryBytes - localBytes else {
                    throw UserKernelError(
                        """
                        \(name): \(byteCount) bytes of local memory; a group may use 1 to \
                        \(max(0, device.localMemoryBytes - localBytes)) on this device
                        """)
                }
                localBytes += byteCount
                values.append(.local(byteCount: byteCount))
            case .integer(let type, let formula):
                let value = try formula.value(sizes)
                guard type.holds(value) else {
                    throw UserKernelError("\(name): \(value) does not fit type \(type.rawValue)")
                }
                values.append(.bytes(type.bytes(value)))
            case .negative(let type, let value): values.append(.bytes(type.bytes(value)))
            case .number(let type, let value): values.append(.bytes(type.bytes(value)))
            }
        }
    }

    /// A buffer of seeded values.
    private static func buffer(
        _ type: ScalarType, _ count: Int, seed: Int, _ queue: CommandQueue
    ) throws -> Buffer {
        let buffer = try queue.context.makeBuffer(byteCount: count * type.byteCount)
        var generator = SeededGenerator(name: "argument \(seed)", seed: 1)
        let block = (0..<min(count, blockCount)).flatMap { _ in
            type.isFloatingPoint
                ? type.bytes(generator.next(-1...1)) : type.bytes(generator.next(below: 128))
        }
        let byteCount = count * type.byteCount
        for offset in stride(from: 0, to: byteCount, by: max(1, block.count)) {
            let part = min(block.count, byteCount - offset)
            try queue.write(
                part == block.count ? block : Array(block.prefix(part)), to: buffer,
                offset: offset)
        }
        return buffer
    }
}
