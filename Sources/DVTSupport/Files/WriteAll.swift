import Glibc

/// Writes all of a buffer to a descriptor.
///
/// - Parameters:
///   - bytes: the buffer.
///   - descriptor: an open descriptor.
/// - Returns: 0, or the `errno` of the write that failed.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
    var done = 0
    while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count = write(descriptor, rest.baseAddress, rest.count)
        if count >= 0 {
            done += count
        } else if errno == EAGAIN {
            // Another process may have made a shared descriptor non-blocking.
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&wait, 1, -1)
        } else if errno != EINTR {
            return errno
        }
    }
    return 0
}

/// Writes all of an array to a descriptor.
///
/// - Parameters:
///   - bytes: the array.
///   - descriptor: an open descriptor.
/// - Returns: 0, or the `errno` of the write that failed.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { writeAll($0, to: descriptor) }
}
