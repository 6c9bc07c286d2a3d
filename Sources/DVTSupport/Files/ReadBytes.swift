import Glibc

/// What the system says when it fails to read.
package struct ReadFailure: Error {
    /// The system's text.
    package let reason: String
}

/// Why a path gives no file to read.
package enum OpenFailure: Error {
    /// The system refused; its text.
    case cannotOpen(reason: String)
    /// It is a folder, a pipe or a device.
    case notRegularFile

    /// What is wrong, as a clause.
    package var reason: String {
        switch self {
        case .cannotOpen(let reason): reason
        case .notRegularFile: "it is not a regular file"
        }
    }
}

/// A regular file that is open for reading.
package struct OpenFile: ~Copyable {
    package let descriptor: Int32
    package let byteCount: Int

    /// Opens a file.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``OpenFailure`` if it cannot be opened or is no regular file.
    package init(path: String) throws(OpenFailure) {
        // Without O_NONBLOCK, opening a pipe would wait for a writer before it can be refused.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .cannotOpen(reason: systemMessage()) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notRegularFile
        }
        self.descriptor = descriptor
        byteCount = Int(status.st_size)
    }

    deinit {
        close(descriptor)
    }
}

/// Reads until a number of bytes are there or the file ends, whichever comes first.
///
/// - Parameters:
///   - descriptor: an open file.
///   - offset: where the bytes begin.
///   - count: the most bytes to read.
/// - Returns: the bytes.
/// - Throws: ``ReadFailure`` if the system fails to read.
package func readBytes(
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
