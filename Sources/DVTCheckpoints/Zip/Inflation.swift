import CZlib

/// Decompression of deflated data by zlib, into memory of a size that is known beforehand.
enum Inflation {
    /// What surrounds the deflated data, as zlib's `windowBits`.
    enum Wrapper: Int32 {
        /// Nothing, as in a zip archive.
        case none = -15
        /// The header of gzip.
        case gzip = 31
    }

    /// The most bytes that one deflated byte can become: 258 bytes take at least two bits.
    static let largestRatio = 1032

    /// Decompresses the start of some data.
    ///
    /// - Parameters:
    ///   - source: the compressed bytes.
    ///   - wrapper: what surrounds them.
    ///   - target: receives the decompressed bytes, from its start.
    /// - Returns: the number of bytes written, fewer than `target` has if the data end before, and
    ///   whether all data were read; nil if they are damaged.
    static func inflate(
        _ source: UnsafeRawBufferPointer, _ wrapper: Wrapper,
        into target: UnsafeMutableRawBufferPointer
    ) -> (count: Int, isComplete: Bool)? {
        var stream = z_stream()
        guard
            inflateInit2_(
                &stream, wrapper.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { inflateEnd(&stream) }
        // zlib counts in 32 bits.
        let most = 1 << 30
        var (read, written) = (0, 0)
        while true {
            let input = source[read...].prefix(most)
            let output = target[written...].prefix(most)
            // zlib does not write to its input.
            stream.next_in = UnsafeMutablePointer(
                mutating: UnsafeRawBufferPointer(rebasing: input).baseAddress?
                    .assumingMemoryBound(to: UInt8.self))
            stream.avail_in = UInt32(input.count)
            // An empty target is valid: the end of the data may follow.
            var none: UInt8 = 0
            let status = withUnsafeMutablePointer(to: &none) { none in
                stream.next_out =
                    UnsafeMutableRawBufferPointer(rebasing: output).baseAddress?
                    .assumingMemoryBound(to: UInt8.self) ?? none
                stream.avail_out = UInt32(output.count)
                return CZlib.inflate(&stream, Z_NO_FLUSH)
            }
            let progress = (
                input.count - Int(stream.avail_in), output.count - Int(stream.avail_out)
            )
            read += progress.0
            written += progress.1
            switch status {
            case Z_STREAM_END: return (written, true)
            case Z_OK, Z_BUF_ERROR:
                if progress == (0, 0) { return (written, false) }
            default: return nil
            }
        }
    }

    /// The CRC-32 of some bytes, as zip archives state it.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(
            truncatingIfNeeded: crc32_z(
                0, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count))
    }
}
