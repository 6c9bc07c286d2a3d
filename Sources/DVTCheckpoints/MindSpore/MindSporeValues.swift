import DVTSupport
import SwiftProtobuf

/// Iterates over the values of a mapped checkpoint.
///
/// A checkpoint is one protobuf message, a series of length-delimited values.
// Only this outermost level is parsed by hand. Decoding the file as one message would keep a second
// copy in memory, and protobuf messages are limited to 2 GiB; a value is a slice of at most 512
// MiB. A value is decoded when the file is opened, for validation, and again when its tensor is
// read.
struct MindSporeValues {
    private let file: MappedFile
    private var offset = 0

    /// Starts at the first value.
    ///
    /// - Parameter file: the checkpoint.
    /// - Throws: ``MindSporeError/Problem`` if the first bytes are not those of a checkpoint.
    init(_ file: MappedFile) throws {
        self.file = file
        let count = min(file.byteCount, MemoryLayout<UInt32>.size)
        try file.withBytes(in: 0..<count) { bytes in
            guard let first = bytes.first else { throw MindSporeError.Problem.empty }
            guard !MindSporeCheckpoint.isEncrypted(bytes) else {
                throw MindSporeError.Problem.encrypted
            }
            guard first == Self.valueKey else {
                throw MindSporeError.Problem.notACheckpoint(firstByte: first)
            }
        }
    }

    /// Finds the next value.
    ///
    /// - Returns: its bytes in the file, without key and length; nil after the last value.
    /// - Throws: ``MindSporeError/Problem`` if there is another field, or the file is truncated.
    mutating func next() throws -> Range<Int>? {
        let available = file.byteCount - offset
        guard try available > 0 && !isChecksum(available) else { return nil }
        // A key and a length take at most ten bytes each.
        let start = offset
        let head = start..<start + min(available, 20)
        let (headCount, length) = try file.withBytes(in: head) { bytes in
            var varints = VarintReader(bytes: bytes, offset: start)
            let key = try varints.next()
            guard key == Self.valueKey else {
                throw MindSporeError.Problem.unknownField(number: key >> 3, offset: start)
            }
            let length = try varints.next()
            return (varints.position, length)
        }
        let rest = available - headCount
        guard length <= rest else {
            throw MindSporeError.Problem.pastEnd(offset: start, length: length, available: rest)
        }
        offset = start + headCount + Int(length)
        return start + headCount..<offset
    }

    /// Decodes one value.
    ///
    /// - Parameters:
    ///   - range: its bytes, from ``next()``.
    ///   - file: the checkpoint.
    /// - Returns: the value, with all required fields set.
    /// - Throws: ``MindSporeError/Problem`` if it cannot be decoded or lacks a required field.
    static func decode(_ range: Range<Int>, in file: MappedFile) throws -> WireCheckpoint.Value {
        let value = try file.withBytes(in: range) { bytes in
            // Unknown fields are discarded to save memory. Missing fields are reported below, by
            // name.
            var options = BinaryDecodingOptions()
            options.discardUnknownFields = true
            do {
                return try WireCheckpoint.Value(
                    serializedBytes: bytes.bytes, partial: true, options: options)
            } catch {
                throw MindSporeError.Problem.invalidValue(
                    reason: reason(error), offset: range.lowerBound)
            }
        }
        try check(value, offset: range.lowerBound)
        return value
    }

    private static func check(
        _ value: WireCheckpoint.Value, offset: Int
    ) throws(MindSporeError.Problem) {
        let tag = value.hasTag ? value.tag : nil
        let fields = [
            ("tag", value.hasTag), ("tensor", value.hasTensor),
            ("tensor_type", value.tensor.hasTensorType),
            ("tensor_content", value.tensor.hasTensorContent),
        ]
        if let (field, _) = fields.first(where: { !$0.1 }) {
            throw .missingField(field, tensor: tag, offset: offset)
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? BinaryDecodingError {
        case .truncated: "has a field that extends beyond it"
        case .invalidUTF8: "has text that is not UTF-8"
        case .messageDepthLimit: "nests too deeply"
        default: "is not a protobuf message"
        }
    }
}

extension MindSporeValues {
    /// The key of field 1, length-delimited.
    static let valueKey: UInt8 = 0x0A

    /// Whether the rest of the file is the checksum that `save_checkpoint(crc_check=True)` appends:
    /// a name and ten bytes.
    // It is ignored, as by MindSpore without load_checkpoint(crc_check=True).
    private func isChecksum(_ available: Int) throws -> Bool {
        let name = "crc_num".utf8
        guard available == name.count + 10 else { return false }
        return try file.withBytes(in: offset..<offset + name.count) { $0.elementsEqual(name) }
    }
}

/// Reads protobuf's variable-length integers.
private struct VarintReader {
    let bytes: UnsafeRawBufferPointer
    /// The offset of the bytes in the file, for messages.
    let offset: Int
    private(set) var position = 0

    init(bytes: UnsafeRawBufferPointer, offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    mutating func next() throws(MindSporeError.Problem) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard position < bytes.count else { throw .cutInLength(offset: offset) }
            let byte = UInt64(bytes[position])
            position += 1
            let part = byte & 0x7F
            guard (part << shift) >> shift == part else { break }
            result |= part << shift
            if byte < 0x80 { return result }
        }
        throw .invalidLength(offset: offset)
    }
}
