import DVTCore
import DVTSupport

/// A safetensors file that breaks a rule of the format, or does not hold what was asked for.
public struct SafetensorsError: Error, Equatable, Sendable {
    /// The file.
    public let path: String
    /// The rule that is broken.
    public let problem: Problem

    /// What is wrong with a file; offsets of JSON count from the header's first byte, offsets of
    /// tensors from the first byte after the header.
    public enum Problem: Error, Equatable, Sendable {
        /// The file has fewer bytes than the header's length takes.
        case noHeaderLength(byteCount: Int)
        /// The header's length is above what the format allows.
        case headerTooLong(length: UInt64, limit: Int)
        /// The header's length is above the bytes that follow it.
        case headerPastEnd(length: Int, available: Int)
        /// The header begins with a byte other than `{`, or is empty.
        case headerNotAnObject(firstByte: UInt8?)
        /// The header is not strict JSON, or has a number or a text where another value belongs.
        case invalidHeader(reason: String, offset: Int)
        /// An object has a key twice.
        case duplicateKey(String, offset: Int)
        /// The header nests arrays and objects too deeply.
        case nestedTooDeeply(limit: Int, offset: Int)
        /// The header's object ends before the header does, and not only spaces follow.
        case bytesAfterHeader(offset: Int)
        /// `__metadata__` is not an object, or the value of its key is not a string.
        case metadataNotText(key: String?)
        /// A tensor's entry is not an object.
        case entryNotAnObject(tensor: String)
        /// A tensor's entry lacks a key, or has another kind of value there.
        case invalidEntry(tensor: String, key: String, reason: String)
        /// A tensor's element type is not one of the format's.
        case unknownDType(tensor: String, dtype: String)
        /// `data_offsets` does not have two numbers.
        case offsetCount(tensor: String, count: Int)
        /// A tensor ends before it begins.
        case reversedOffsets(tensor: String, begin: Int, end: Int)
        /// A tensor begins before the one in front of it ends.
        case overlap(tensor: String, begin: Int, expected: Int)
        /// Bytes between two tensors belong to none.
        case hole(tensor: String, begin: Int, expected: Int)
        /// A tensor ends after the file.
        case pastEnd(tensor: String, end: Int, available: Int)
        /// The size of a tensor cannot be counted in 64 bits.
        case sizeOverflow(tensor: String, shape: [Int])
        /// A tensor of packed elements does not end at a byte.
        case partialByte(tensor: String, dtype: SafetensorsDType, shape: [Int])
        /// A tensor's offsets do not enclose the bytes that its type and shape need.
        case sizeMismatch(
            tensor: String, dtype: SafetensorsDType, shape: [Int], needed: Int, actual: Int)
        /// The last tensor ends before the file does.
        case bytesAfterData(end: Int, available: Int)
        /// The file has no tensor of this name.
        case noSuchTensor(String)
        /// A tensor's elements are not of a type that is read.
        case unsupportedDType(tensor: String, dtype: SafetensorsDType)
        /// A tensor's elements are no integers that are read.
        case notIntegers(tensor: String, dtype: SafetensorsDType)
        /// Two tensors to write have one name.
        case repeatedName(String)
        /// A tensor to write has the name that the format keeps for metadata.
        case reservedName
        /// The names to write make a header above what the format allows.
        case headerTooLongToWrite(length: Int, limit: Int)
    }
}

extension SafetensorsError: CustomStringConvertible {
    /// One line that names the file, what is wrong and what to do.
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
