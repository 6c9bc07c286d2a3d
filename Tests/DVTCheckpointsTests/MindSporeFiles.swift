import DVTCheckpoints
import Testing

// Checkpoints encoded by hand, so the reader is not tested with its own writer.

/// A variable-length integer.
func varint(_ number: UInt64) -> [UInt8] {
    number < 0x80
        ? [UInt8(number)] : [UInt8(truncatingIfNeeded: number) | 0x80] + varint(number >> 7)
}

/// A length-delimited field.
func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
}

func field(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

/// A tensor's message.
func mindSporeTensor(
    _ dimensions: [Int], _ type: String, _ content: [UInt8]
) -> [UInt8] {
    dimensions.flatMap { [0x08] + varint(UInt64(bitPattern: Int64($0))) }
        + field(2, type) + field(3, content)
}

/// A value of a checkpoint: a tensor, or a slice of one.
func mindSporeValue(
    _ name: String, _ dimensions: [Int], _ type: String, _ content: [UInt8]
) -> [UInt8] {
    field(1, field(1, name) + field(2, mindSporeTensor(dimensions, type, content)))
}

/// A value with a Float32 tensor.
func mindSporeValue(_ name: String, _ dimensions: [Int], _ content: [UInt8]) -> [UInt8] {
    mindSporeValue(name, dimensions, "Float32", content)
}

/// Numbers encoded as the content of a tensor.
func floats(_ values: Float...) -> [UInt8] {
    values.flatMap { littleEndian($0.bitPattern) }
}

/// Opens a checkpoint of these bytes.
func mindSporeCheckpoint(_ bytes: [UInt8], in folder: TemporaryFolder) throws -> MindSporeCheckpoint
{
    try MindSporeCheckpoint(path: folder.file(bytes, named: "model.ckpt"))
}

/// Opens a checkpoint of these bytes and returns its error; also checks the message.
func mindSporeError(
    of bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
) throws -> MindSporeError? {
    let folder = try TemporaryFolder()
    do {
        _ = try mindSporeCheckpoint(bytes, in: folder)
        return nil
    } catch let error as MindSporeError {
        expectOneLine(error, naming: error.path, sourceLocation: sourceLocation)
        return error
    }
}
