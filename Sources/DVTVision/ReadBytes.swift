import DVTCore
import Glibc

/// What the system says when it fails to read.
struct ReadFailure: Error {
    /// The system's text.
    let reason: String
}

/// Reads until a number of bytes are there or the file ends, whichever comes first.
///
/// - Parameters:
///   - descriptor: an open file.
///   - offset: where the bytes begin.
///   - count: the most bytes to read.
/// - Returns: the bytes.
/// - Throws: ``ReadFailure`` if the system fails to read.
func readBytes(
    _ descriptor: Int32, from offset: Int, upTo count: Int
) throws(ReadFailure) -> [UInt8] {
    var failure: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
        while done < count {
            let rest = UnsafeMutableBufferPointer(rebasing: buffer[done...])
            let step = pread(descriptor, rest.baseAddress, rest.count, offset + done)
            if step > 0 {
                done += step
            } else if step == 0 {
                return
            } else if errno != EINTR {
                failure = errno
                return
            }
        }
    }
    if let failure {
        throw ReadFailure(reason: systemMessage(failure))
    }
    return bytes
}
