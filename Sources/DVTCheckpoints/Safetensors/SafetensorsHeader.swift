import DVTCore
import DVTSupport

/// A validated safetensors header.
struct SafetensorsHeader {
    /// The format's limit of the header's size.
    static let byteLimit = 100_000_000

    /// One tensor.
    struct Entry: Sendable {
        /// The element type.
        let dtype: SafetensorsDType
        /// The shape; its element count does not overflow.
        let shape: Shape
        /// The tensor's bytes, relative to the first byte after the header.
        let bytes: Range<Int>
    }

    /// The text of `__metadata__`.
    private(set) var metadata: [String: String] = [:]
    /// The tensors by name.
    private(set) var entries: [String: Entry] = [:]

    /// Reads and validates a header.
    ///
    /// - Parameters:
    ///   - json: the header's bytes.
    ///   - dataByteCount: the number of bytes after the header.
    /// - Throws: ``SafetensorsError/Problem``.
    init(json: [UInt8], dataByteCount: Int) throws {
        guard json.first == UInt8(ascii: "{") else {
            throw SafetensorsError.Problem.headerNotAnObject(firstByte: json.first)
        }
        var reader = JSONReader(json)
        do {
            try reader.readObject { reader, key in
                if key == "__metadata__" {
                    try readMetadata(&reader)
                } else {
                    entries[key] = try EntryFields(&reader, tensor: key).entry(tensor: key)
                }
            }
        } catch let error as JSONError {
            throw SafetensorsError.Problem.invalidJSON(error)
        }
        if let index = reader.rest.firstIndex(where: { $0 != UInt8(ascii: " ") }) {
            throw SafetensorsError.Problem.bytesAfterHeader(offset: index)
        }
        try checkLayout(dataByteCount: dataByteCount)
    }

    private mutating func readMetadata(_ reader: inout JSONReader) throws {
        guard reader.next == UInt8(ascii: "{") else {
            throw SafetensorsError.Problem.metadataNotText(key: nil)
        }
        try reader.readObject { reader, key in
            guard reader.next == UInt8(ascii: "\"") else {
                throw SafetensorsError.Problem.metadataNotText(key: key)
            }
            metadata[key] = try reader.readString()
        }
    }

    /// Requires that the tensors cover the data without gaps and overlaps.
    private func checkLayout(dataByteCount: Int) throws(SafetensorsError.Problem) {
        let sorted = entries.sorted { a, b in
            let (first, second) = (a.value.bytes, b.value.bytes)
            return (first.lowerBound, first.upperBound, a.key)
                < (second.lowerBound, second.upperBound, b.key)
        }
        var expected = 0
        for (name, entry) in sorted {
            let (begin, end) = (entry.bytes.lowerBound, entry.bytes.upperBound)
            guard end <= dataByteCount else {
                throw .pastEnd(tensor: name, end: end, available: dataByteCount)
            }
            guard begin >= expected else {
                throw .overlap(tensor: name, begin: begin, expected: expected)
            }
            guard begin == expected else {
                throw .hole(tensor: name, begin: begin, expected: expected)
            }
            expected = end
        }
        guard expected == dataByteCount else {
            throw .bytesAfterData(end: expected, available: dataByteCount)
        }
    }
}

/// A tensor's entry before validation.
private struct EntryFields {
    private var dtype: String?
    private var shape: [Int]?
    private var offsets: [Int]?

    /// Reads an entry.
    ///
    /// Unknown keys are ignored, as in the reference implementation, whose `TensorInfo` is read by
    /// serde without `deny_unknown_fields`.
    init(_ reader: inout JSONReader, tensor: String) throws {
        guard reader.next == UInt8(ascii: "{") else {
            throw SafetensorsError.Problem.entryNotAnObject(tensor: tensor)
        }
        try reader.readObject { reader, key in
            switch key {
            case "dtype": dtype = try Self.text(&reader, tensor: tensor)
            case "shape": shape = try Self.integers(&reader, tensor: tensor, key: key)
            case "data_offsets": offsets = try Self.integers(&reader, tensor: tensor, key: key)
            default: try reader.skipValue()
            }
        }
    }

    private static func text(_ reader: inout JSONReader, tensor: String) throws -> String {
        guard reader.next == UInt8(ascii: "\"") else {
            throw SafetensorsError.Problem.invalidEntry(
                tensor: tensor, key: "dtype", reason: "no string")
        }
        return try reader.readString()
    }

    private static func integers(
        _ reader: inout JSONReader, tensor: String, key: String
    ) throws -> [Int] {
        guard reader.next == UInt8(ascii: "[") else {
            throw SafetensorsError.Problem.invalidEntry(
                tensor: tensor, key: key, reason: "no array")
        }
        var integers: [Int] = []
        try reader.readArray { reader in
            integers.append(try integer(&reader, tensor: tensor, key: key))
        }
        return integers
    }

    /// Reads one integer; errors name the tensor.
    private static func integer(
        _ reader: inout JSONReader, tensor: String, key: String
    ) throws(SafetensorsError.Problem) -> Int {
        do {
            return try reader.readInteger()
        } catch .invalid(let reason, _) {
            throw .invalidEntry(tensor: tensor, key: key, reason: reason)
        } catch {
            throw .invalidJSON(error)
        }
    }

    /// Validates the entry, independently of the other tensors.
    func entry(tensor: String) throws(SafetensorsError.Problem) -> SafetensorsHeader.Entry {
        let dtypeName = try present(dtype, "dtype", tensor)
        guard let dtype = SafetensorsDType(rawValue: dtypeName) else {
            throw .unknownDType(tensor: tensor, dtype: dtypeName)
        }
        let shape = try present(shape, "shape", tensor)
        let offsets = try present(offsets, "data_offsets", tensor)
        guard offsets.count == 2 else {
            throw .offsetCount(tensor: tensor, count: offsets.count)
        }
        let (begin, end) = (offsets[0], offsets[1])
        guard begin <= end else {
            throw .reversedOffsets(tensor: tensor, begin: begin, end: end)
        }
        let needed = try Self.byteCount(of: shape, dtype, tensor: tensor)
        guard needed == end - begin else {
            throw .sizeMismatch(
                tensor: tensor, dtype: dtype, shape: shape, needed: needed, actual: end - begin)
        }
        return SafetensorsHeader.Entry(dtype: dtype, shape: Shape(shape), bytes: begin..<end)
    }

    private func present<Value>(
        _ value: Value?, _ key: String, _ tensor: String
    ) throws(SafetensorsError.Problem) -> Value {
        guard let value else {
            throw .invalidEntry(tensor: tensor, key: key, reason: "nothing")
        }
        return value
    }

    /// The size of a tensor, in bytes.
    ///
    /// An overflow is an error even if a later extent is 0, as in the reference implementation:
    /// `Shape` multiplies in the same order.
    private static func byteCount(
        of shape: [Int], _ dtype: SafetensorsDType, tensor: String
    ) throws(SafetensorsError.Problem) -> Int {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw .sizeOverflow(tensor: tensor, shape: shape) }
            count = product
        }
        let (bits, overflow) = count.multipliedReportingOverflow(by: dtype.bitCount)
        guard !overflow else { throw .sizeOverflow(tensor: tensor, shape: shape) }
        guard bits % 8 == 0 else {
            throw .partialByte(tensor: tensor, dtype: dtype, shape: shape)
        }
        return bits / 8
    }
}
