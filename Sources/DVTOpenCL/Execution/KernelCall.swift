import OpenCLRuntime

/// One launch of a kernel.
struct KernelCall {
    /// The kernel.
    let function: KernelFunction
    /// Its arguments, in the order of its parameters.
    let arguments: KernelArguments
    /// The work-items.
    let grid: KernelGrid

    /// Creates a call.
    ///
    /// - Parameters:
    ///   - name: the kernel's name.
    ///   - file: its source file without `.cl`.
    ///   - macros: the macros that specialize it; those of the grid precede them.
    ///   - arguments: its arguments by name, in the order of its parameters.
    ///   - grid: the work-items.
    init(
        _ name: String, in file: String, macros: [String] = [], _ arguments: KernelArguments,
        over grid: KernelGrid
    ) {
        function = KernelFunction(
            name: name, file: file,
            macros: grid.macros.isEmpty ? macros : grid.macros + macros)
        self.arguments = arguments
        self.grid = grid
    }
}

/// A kernel of a source file, specialized by macros.
struct KernelFunction: Hashable {
    /// The kernel's name, unique within its file.
    let name: String
    /// The source file without `.cl`.
    let file: String
    /// The macros of the build, for example `WG=1`.
    let macros: [String]
}

/// Arguments of a kernel by name: `["y": .tensor(y), "rows": .int(rows)]`.
struct KernelArguments {
    private var elements: [(name: String, value: KernelArgument)]

    /// The names, in order.
    var names: [String] { elements.map { $0.name } }
    /// The values, in order.
    var values: [KernelArgument] { elements.map { $0.value } }

    /// Whether the names are these, in this order.
    ///
    /// Cheap enough for every launch: Swift stores names of up to 15 bytes inline and compares them
    /// as two integers.
    func areNamed(_ names: [String]) -> Bool {
        names.count == elements.count && zip(names, elements).allSatisfy { $0 == $1.name }
    }

    /// Whether a driver's names of the parameters show that the arguments are not the kernel's.
    ///
    /// Names that share none with the arguments are a driver's placeholders, such as `arg0`, and
    /// show nothing.
    func contradict(_ declared: [String]) -> Bool {
        !areNamed(declared) && !Set(declared).isDisjoint(with: names)
    }

    /// The arguments of both, in order.
    static func + (left: KernelArguments, right: KernelArguments) -> KernelArguments {
        var sum = left
        sum.elements += right.elements
        return sum
    }
}

extension KernelArguments: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, KernelArgument)...) {
        self.elements = elements
    }
}

extension KernelArgument {
    /// A size or index.
    ///
    /// - Parameter value: the number.
    /// - Returns: the argument.
    /// - Throws: ``OpenCLBackendError/tooManyElements(_:)`` beyond 32 bits.
    static func int(_ value: Int) throws -> Self {
        guard let value = Int32(exactly: value) else {
            throw OpenCLBackendError.tooManyElements(value)
        }
        return .int(value)
    }

    /// A tensor's memory.
    static func tensor(_ tensor: OpenCLTensor) -> Self { .buffer(tensor.buffer) }

    /// A tensor's memory, or a null pointer.
    static func tensor(_ tensor: OpenCLTensor?) -> Self { .optional(tensor?.buffer) }

    /// A buffer, or a null pointer.
    static func optional(_ buffer: Buffer?) -> Self { buffer.map { .buffer($0) } ?? .none }
}

extension OpenCLBackend {
    /// Enqueues a kernel.
    ///
    /// - Parameter call: the kernel, its arguments and its work-items.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the kernel does not build or the device fails,
    ///   ``OpenCLBackendError/kernelArguments(kernel:declared:given:)`` if the arguments are not
    ///   the kernel's.
    func enqueue(_ call: KernelCall) throws {
        try kernels.enqueue(call, on: queue)
    }
}
