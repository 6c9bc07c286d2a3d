/// A value for one parameter of a kernel.
package enum KernelArgument: Sendable {
    /// For a `global` or `constant` pointer.
    case buffer(Buffer)
    /// For an `int`.
    case int(Int32)
    /// For a `float`.
    case float(Float)
    /// For a value of any type: its bytes.
    case bytes([UInt8])
    /// For a `local` pointer: the size of each work-group's memory.
    case local(byteCount: Int)
    /// For a `global` pointer: the null pointer.
    case none
}

extension KernelArgument {
    /// Whether it points to global memory: a new buffer may have the handle of a released one, so
    /// that equal handles do not mean equal arguments.
    var isPointer: Bool {
        switch self {
        case .buffer, .none: true
        case .int, .float, .bytes, .local: false
        }
    }

    /// Whether both are the same value, bit for bit; false for pointers.
    func isSameValue(as other: KernelArgument?) -> Bool {
        switch (self, other) {
        case (.int(let value), .int(let other)): value == other
        case (.float(let value), .float(let other)): value.bitPattern == other.bitPattern
        case (.bytes(let value), .bytes(let other)): value == other
        case (.local(let byteCount), .local(let other)): byteCount == other
        default: false
        }
    }
}

extension KernelArgument: CustomStringConvertible {
    /// A description for error messages.
    package var description: String {
        switch self {
        case .buffer(let buffer): "a buffer of \(buffer.byteCount) bytes"
        case .int(let value): "int \(value)"
        case .float(let value): "float \(value)"
        case .bytes(let bytes): "a value of \(bytes.count) bytes"
        case .local(let byteCount): "\(byteCount) bytes of local memory"
        case .none: "no buffer"
        }
    }
}
