import COpenCL

/// One of OpenCL's `clGet...Info` functions with the object and the property filled in.
struct InfoQuery {
    /// The function's name, for errors.
    let function: String
    /// Calls it with the size and address of the room for the value, and of the needed size.
    let call: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int

    /// A property that is one number.
    func number<Number: FixedWidthInteger>(
        as type: Number.Type = Number.self
    ) throws(OpenCLError) -> Number {
        var value: Number = 0
        try check(function, call(MemoryLayout<Number>.size, &value, nil))
        return value
    }

    /// A property that is one number of bytes, items or units.
    func size() throws(OpenCLError) -> Int {
        try number(as: Int.self)
    }

    /// A property that is several values of one type.
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

    /// A property that is text, without the blanks that some drivers put around it.
    func string() throws(OpenCLError) -> String {
        let bytes = try array(of: UInt8.self).prefix { $0 != 0 }
        return trimmed(String(decoding: bytes, as: UTF8.self))
    }
}

/// Text without blanks and line ends at either side.
func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop { $0.isWhitespace }
    let end = start.lastIndex { !$0.isWhitespace }
    return end.map { String(start[...$0]) } ?? ""
}
