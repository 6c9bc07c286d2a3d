import COpenCL

/// A call of one of OpenCL's `clGet...Info` functions, bound to an object and a property.
struct InfoQuery {
    /// The function's name, for error messages.
    let function: String
    /// Calls the function with the size and address of the value, and the address of the required
    /// size.
    let call: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int

    /// The value of a numeric property.
    func number<Number: FixedWidthInteger>(
        as type: Number.Type = Number.self
    ) throws(OpenCLError) -> Number {
        var value: Number = 0
        try check(function, call(MemoryLayout<Number>.size, &value, nil))
        return value
    }

    /// The value of a `size_t` or 64-bit property.
    func size() throws(OpenCLError) -> Int {
        try number(as: Int.self)
    }

    /// The values of an array property.
    func array<Value: BitwiseCopyable>(
        of type: Value.Type = Value.self
    ) throws(OpenCLError) -> [Value] {
        var byteCount = 0
        try check(function, call(0, nil, &byteCount))
        let count = byteCount / MemoryLayout<Value>.stride
        guard count > 0 else {
            return []
        }
        var status = cl_int(CL_SUCCESS)
        let values = [Value](unsafeUninitializedCapacity: count) { room, initializedCount in
            status = call(count * MemoryLayout<Value>.stride, room.baseAddress, nil)
            initializedCount = status == CL_SUCCESS ? count : 0
        }
        try check(function, status)
        return values
    }

    /// The value of a text property, without the surrounding white space that some drivers add.
    func string() throws(OpenCLError) -> String {
        let bytes = try array(of: UInt8.self).prefix { $0 != 0 }
        return trimmed(String(decoding: bytes, as: UTF8.self))
    }
}

/// Text without leading and trailing white space.
func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop { $0.isWhitespace }
    let end = start.lastIndex { !$0.isWhitespace }
    return end.map { String(start[...$0]) } ?? ""
}
