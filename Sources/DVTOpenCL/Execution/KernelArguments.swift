import DVTCore
import OpenCLRuntime

/// An argument of a kernel, with the precision that the kernel must be built for.
struct TypedArgument {
    /// What a pointer points to.
    enum Elements: Equatable {
        /// `element` of `common.cl`.
        case elements(Precision)
        /// `output_element` of `common.cl`.
        case output(Precision)
        /// Always float.
        case float32(Precision)
    }

    let value: KernelArgument
    /// nil if the argument is no tensor.
    let elements: Elements?
    /// The macros of the build that takes this value.
    private(set) var macros: [String] = []
    /// Keeps the tensor's memory from being reused before the launch.
    private let tensor: OpenCLTensor?

    private init(
        _ value: KernelArgument, _ elements: Elements? = nil, _ tensor: OpenCLTensor? = nil
    ) {
        self.value = value
        self.elements = elements
        self.tensor = tensor
    }

    /// A tensor of elements.
    static func tensor(_ tensor: OpenCLTensor) -> Self {
        Self(.buffer(tensor.buffer), .elements(tensor.precision), tensor)
    }

    /// A tensor of elements, or a null pointer.
    static func tensor(_ tensor: OpenCLTensor?) -> Self { tensor.map { .tensor($0) } ?? .none }

    /// A tensor that receives the output of a linear layer, as elements or in float32.
    static func output(_ tensor: OpenCLTensor) -> Self {
        Self(.buffer(tensor.buffer), .output(tensor.precision), tensor)
    }

    /// A tensor that is float32 in every precision, or a null pointer.
    static func float32(_ tensor: OpenCLTensor?) -> Self {
        tensor.map { Self(.buffer($0.buffer), .float32($0.precision), $0) } ?? .none
    }

    /// A buffer.
    static func buffer(_ buffer: Buffer) -> Self { Self(.buffer(buffer)) }

    /// A buffer, or a null pointer.
    static func optional(_ buffer: Buffer?) -> Self { buffer.map { .buffer($0) } ?? .none }

    /// A null pointer.
    static var none: Self { Self(.none) }

    /// Local memory.
    static func local(byteCount: Int) -> Self { Self(.local(byteCount: byteCount)) }

    /// The activation of a linear layer.
    static func activation(_ activation: Activation) -> Self {
        var argument = Self(.int(Int32(activation.kernelCode)))
        argument.macros = activation.macros
        return argument
    }

    /// A number.
    static func float(_ value: Float) -> Self { Self(.float(value)) }

    /// A number.
    static func int(_ value: Int32) -> Self { Self(.int(value)) }

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
}

/// Arguments of a kernel by name: `["y": .tensor(y), "rows": .int(rows)]`.
struct KernelArguments {
    private var elements: [(name: String, value: TypedArgument)]

    /// The names, in order.
    var names: [String] { elements.map { $0.name } }
    /// The values, in order.
    var values: [KernelArgument] { elements.map { $0.value.value } }

    /// The macros of the build that takes the values.
    var macros: [String] { elements.flatMap { $0.value.macros } }

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

    /// The macros that build the kernel for the tensors' precisions, or nil if they disagree.
    var precisionMacros: [String]? {
        var (precision, output) = (Precision?.none, Precision?.none)
        for case .some(let own) in elements.lazy.map(\.value.elements) {
            switch own {
            case .float32(let actual):
                guard actual == .float32 else { return nil }
            case .output(let actual):
                output = actual
            case .elements(let actual):
                guard precision == nil || precision == actual else { return nil }
                precision = actual
            }
        }
        let elements = precision ?? output ?? .float32
        guard let output, output != elements else { return elements.macros }
        return output == .float32 ? elements.macros + ["OUTPUT_FLOAT32"] : nil
    }

    /// The arguments of both, in order.
    static func + (left: KernelArguments, right: KernelArguments) -> KernelArguments {
        var sum = left
        sum.elements += right.elements
        return sum
    }
}

extension KernelArguments: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, TypedArgument)...) {
        self.elements = elements
    }
}
