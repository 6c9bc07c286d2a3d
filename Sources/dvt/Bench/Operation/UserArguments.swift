import DVTParity
import DVTSupport
import OpenCLRuntime

/// The arguments of a launch of the user's kernel, checked but without memory.
struct UserArguments {
    private enum Value {
        case buffer(ScalarType, count: Int)
        case argument(KernelArgument)
    }

    private let values: [Value]

    /// Computes and checks the arguments.
    ///
    /// - Parameters:
    ///   - arguments: the arguments.
    ///   - sizes: the value of each name in their formulas.
    ///   - kernel: the kernel, for its local memory.
    ///   - device: the device.
    /// - Throws: ``SweepError``, or ``UserKernelError`` if memory is exceeded or an integer does not
    ///   fit its type.
    init(
        _ arguments: [ArgumentText], _ sizes: [String: Int], kernel: Kernel, device: Device
    ) throws {
        var memory = Memory(device: device, localBytes: kernel.localMemoryBytes)
        values = try arguments.enumerated().map { index, argument in
            let name = "--arg \(index + 1), \(quoted(argument.text))"
            switch argument.kind {
            case .buffer(let type, let formula):
                let count = try formula.value(sizes)
                try memory.addBuffer(of: count, type, name: name)
                return .buffer(type, count: count)
            case .local(let formula):
                let byteCount = try formula.value(sizes)
                try memory.addLocal(byteCount, name: name)
                return .argument(.local(byteCount: byteCount))
            case .integer(let type, let formula):
                let value = try formula.value(sizes)
                guard type.holds(value) else {
                    throw UserKernelError("\(name): \(value) does not fit type \(type.rawValue)")
                }
                return .argument(.bytes(type.bytes(value)))
            case .negative(let type, let value): return .argument(.bytes(type.bytes(value)))
            case .number(let type, let value): return .argument(.bytes(type.bytes(value)))
            }
        }
    }

    /// Creates the buffers and fills them with seeded values.
    ///
    /// - Parameter queue: the queue that fills them.
    /// - Returns: the kernel's arguments.
    /// - Throws: ``OpenCLError``.
    func upload(on queue: CommandQueue) throws -> [KernelArgument] {
        try values.enumerated().map { index, value in
            switch value {
            case .argument(let argument): argument
            case .buffer(let type, let count):
                .buffer(try Self.buffer(type, count, seed: index, queue))
            }
        }
    }

    /// The elements of the random block that fills a buffer, repeated.
    private static let blockCount = 1 << 16

    private static func buffer(
        _ type: ScalarType, _ count: Int, seed: Int, _ queue: CommandQueue
    ) throws -> Buffer {
        let byteCount = count * type.byteCount
        let buffer = try queue.context.makeBuffer(byteCount: byteCount)
        var generator = SeededGenerator(name: "argument \(seed)", seed: 1)
        let block = (0..<min(count, blockCount)).flatMap { _ in
            type.isFloatingPoint
                ? type.bytes(generator.next(-1...1)) : type.bytes(generator.next(below: 128))
        }
        for offset in stride(from: 0, to: byteCount, by: max(1, block.count)) {
            let part = block.prefix(byteCount - offset)
            try part.withUnsafeBytes { _ = try queue.write($0, to: buffer, offset: offset) }
        }
        return buffer
    }
}

/// The memory that arguments use.
private struct Memory {
    let device: Device
    /// The bytes of local memory so far.
    var localBytes: Int
    private var byteCount = 0

    init(device: Device, localBytes: Int) {
        self.device = device
        self.localBytes = localBytes
    }

    mutating func addBuffer(of count: Int, _ type: ScalarType, name: String) throws {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
        guard !overflow, bytes <= device.maxAllocationBytes,
            byteCount <= device.globalMemoryBytes - bytes
        else {
            throw UserKernelError(
                """
                \(name): \(count) elements exceed the device's memory, \
                \(device.globalMemoryBytes) bytes, or its limit of \(device.maxAllocationBytes) \
                bytes per buffer; use smaller sizes
                """)
        }
        byteCount += bytes
    }

    mutating func addLocal(_ bytes: Int, name: String) throws {
        let free = max(0, device.localMemoryBytes - localBytes)
        guard bytes > 0, bytes <= free else {
            throw UserKernelError(
                """
                \(name): \(bytes) bytes of local memory; a group has 1 to \(free) for this \
                argument on this device
                """)
        }
        localBytes += bytes
    }
}
