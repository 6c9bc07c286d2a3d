import DVTCore
import DVTSupport

/// A malformed safetensors file, a request for a tensor that it does not have, or tensors that
/// cannot be written.
public struct SafetensorsError: Error, Equatable, Sendable {
    /// The file.
    public let path: String
    /// The problem.
    public let problem: Problem

    /// The problem of a file; JSON offsets are relative to the header, tensor offsets to the first
    /// byte after it.
    public enum Problem: Error, Equatable, Sendable {
        /// The file has fewer than the 8 bytes of the header's length.
        case noHeaderLength(byteCount: Int)
        /// The header's length exceeds the format's limit.
        case headerTooLong(length: UInt64, limit: Int)
        /// The header extends beyond the file.
        case headerPastEnd(length: Int, available: Int)
        /// The header begins with a byte other than `{`, or is empty.
        case headerNotAnObject(firstByte: UInt8?)
        /// The header is not strict JSON, or has a value of the wrong type.
        case invalidHeader(reason: String, offset: Int)
        /// An object has a key twice.
        case duplicateKey(String, offset: Int)
        /// The nesting depth of the header exceeds the limit.
        case nestedTooDeeply(limit: Int, offset: Int)
        /// The header's object is followed by bytes other than spaces.
        case bytesAfterHeader(offset: Int)
        /// `__metadata__` is not an object, or the value of `key` is not a string.
        case metadataNotText(key: String?)
        /// A tensor's entry is not an object.
        case entryNotAnObject(tensor: String)
        /// A tensor's entry lacks a key, or has a value of the wrong type.
        case invalidEntry(tensor: String, key: String, reason: String)
        /// A tensor's element type is not one of the format's.
        case unknownDType(tensor: String, dtype: String)
        /// `data_offsets` does not have two numbers.
        case offsetCount(tensor: String, count: Int)
        /// A tensor's end is before its beginning.
        case reversedOffsets(tensor: String, begin: Int, end: Int)
        /// A tensor overlaps the previous one.
        case overlap(tensor: String, begin: Int, expected: Int)
        /// There is a gap between a tensor and the previous one.
        case hole(tensor: String, begin: Int, expected: Int)
        /// A tensor extends beyond the file.
        case pastEnd(tensor: String, end: Int, available: Int)
        /// The size of a tensor overflows 64 bits.
        case sizeOverflow(tensor: String, shape: [Int])
        /// A tensor of packed elements does not end at a byte boundary.
        case partialByte(tensor: String, dtype: SafetensorsDType, shape: [Int])
        /// A tensor's offsets do not match its type and shape.
        case sizeMismatch(
            tensor: String, dtype: SafetensorsDType, shape: [Int], needed: Int, actual: Int)
        /// The last tensor is followed by other bytes.
        case bytesAfterData(end: Int, available: Int)
        /// The file has no tensor of this name.
        case noSuchTensor(String)
        /// A tensor's element type is not supported.
        case unsupportedDType(tensor: String, dtype: SafetensorsDType)
        /// A float64 of a tensor is beyond the range of float32.
        case overflow(tensor: String, value: Double)
        /// A tensor's element type is not a supported integer type.
        case notIntegers(tensor: String, dtype: SafetensorsDType)
        /// Two tensors to write have the same name.
        case repeatedName(String)
        /// A tensor to write has the name that the format reserves for metadata.
        case reservedName
        /// The header to write exceeds the format's limit.
        case headerTooLongToWrite(length: Int, limit: Int)
    }
}

extension SafetensorsError: CustomStringConvertible {
    /// One line with the file, the problem and the remedy.
    public var description: String { "\(shown(path)): \(problem)" }
}

extension SafetensorsError.Problem {
    static func invalidJSON(_ error: JSONError) -> Self {
        switch error {
        case .invalid(let reason, let offset): .invalidHeader(reason: reason, offset: offset)
        case .duplicateKey(let key, let offset): .duplicateKey(key, offset: offset)
        case .nestedTooDeeply(let limit, let offset):
            .nestedTooDeeply(limit: limit, offset: offset)
        }
    }
}
