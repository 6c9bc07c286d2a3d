import DVTCheckpoints
import DVTCore
import Testing

// Archives encoded by hand, so the reader is not tested with its own writer.

/// A NumPy array with this type, shape as Python writes it, and elements.
func npy(
    _ type: String, _ shape: String, _ elements: [UInt8], isFortranOrder: Bool = false
) -> [UInt8] {
    let order = isFortranOrder ? "True" : "False"
    return npy(
        header: "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }", elements)
}

/// A NumPy array with any header.
func npy(header: String, _ elements: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let lengthByteCount = version == 1 ? 2 : 4
    // The elements begin at a multiple of 64.
    let blanks = 63 - (8 + lengthByteCount + header.utf8.count) % 64
    let text = header + String(repeating: " ", count: blanks) + "\n"
    let length = littleEndian(UInt64(text.utf8.count)).prefix(lengthByteCount)
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(text.utf8) + elements
}

/// An archive of arrays, as `numpy.savez` or, deflated without compression, `savez_compressed`
/// writes it.
func npz(_ arrays: [String: [UInt8]], isDeflated: Bool = false) -> [UInt8] {
    npzArchive(arrays, isDeflated: isDeflated).bytes
}

func npzArchive(_ arrays: [String: [UInt8]], isDeflated: Bool = false) -> ZipTestArchive {
    ZipTestArchive(
        arrays.sorted { $0.key < $1.key }.map { name, array in
            var entry = ZipTestEntry(name: name + ".npy", data: array)
            entry.checksum = checksum(array)
            if isDeflated {
                entry.data = deflated(array)
                entry.method = 8
                entry.byteCount = UInt32(array.count)
                entry.localByteCount = UInt32(array.count)
            }
            return entry
        })
}

/// The CRC-32 of zip archives, bit by bit.
func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { value, byte in
        (0..<8).reduce(value ^ UInt32(byte)) { value, _ in
            value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0)
        }
    }
}

/// Deflated data of stored blocks.
func deflated(_ bytes: [UInt8]) -> [UInt8] {
    let blocks = stride(from: 0, to: max(bytes.count, 1), by: 0xFFFF).map { start in
        bytes[start..<min(start + 0xFFFF, bytes.count)]
    }
    return blocks.enumerated().flatMap { index, block in
        [index == blocks.count - 1 ? 1 : 0] + littleEndian(UInt16(block.count))
            + littleEndian(~UInt16(block.count)) + block
    }
}

/// Opens a file of these bytes, reads every array and returns the problem; also checks the message.
func numPyProblem(
    of bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
) throws -> NumPyError.Problem? {
    let folder = try TemporaryFolder()
    let path = try folder.file(bytes, named: "model.npz")
    do {
        let archive = try NumPyArchive(path: path)
        for (name, shape) in archive.shapes {
            #expect(try archive.tensor(named: name).shape == shape, sourceLocation: sourceLocation)
        }
        return nil
    } catch let error as NumPyError {
        expectOneLine(error, naming: path, sourceLocation: sourceLocation)
        return error.problem
    }
}
