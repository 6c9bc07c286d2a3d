import Glibc

/// The system's text for an error number.
///
/// - Parameter code: the number; by default that of the last failed call.
/// - Returns: the text.
package func systemMessage(_ code: Int32 = errno) -> String {
    // strerror returns a buffer that another thread may overwrite.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let start = buffer.baseAddress, strerror_r(code, start, buffer.count) == 0 else {
            return "error \(code)"
        }
        return String(cString: start)
    }
}
