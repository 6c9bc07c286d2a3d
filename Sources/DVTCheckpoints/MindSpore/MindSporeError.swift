import DVTCore
import DVTSupport

/// A MindSpore checkpoint that breaks a rule of the format, or does not hold what was asked for.
public struct MindSporeError: Error, Equatable, Sendable {
    /// The file.
    public let path: String
    /// The rule that is broken.
    public let problem: Problem

    /// What is wrong with a file; offsets count from its first byte.
    public enum Problem: Error, Equatable, Sendable {
        /// The file has no bytes.
        case empty
        /// The file was written with MindSpore's `enc_key`.
        case encrypted
        /// The first byte does not begin a value.
        case notACheckpoint(firstByte: UInt8)
        /// The file ends in front of the end of a value's length.
        case cutInLength(offset: Int)
        /// A field's number or a value's length takes more than 64 bits.
        case invalidLength(offset: Int)
        /// A value ends after the file.
        case pastEnd(offset: Int, length: UInt64, available: Int)
        /// Something other than a value stands beside the values.
        case unknownField(number: UInt64, offset: Int)
        /// A value is not a protobuf message; its offset is behind its key and length.
        case invalidValue(reason: String, offset: Int)
        /// A value lacks a field that each must have; its offset is behind its key and length.
        case missingField(String, tensor: String?, offset: Int)
        /// A tensor's element type is not one of MindSpore's.
        case unknownDType(tensor: String, dtype: String)
        /// A tensor has an extent below 0.
        case negativeExtent(tensor: String, shape: [Int])
        /// The size of a tensor cannot be counted in 64 bits.
        case sizeOverflow(tensor: String, shape: [Int])
        /// A tensor's slices together do not have the bytes that its type and shape need.
        case sizeMismatch(
            tensor: String, dtype: MindSporeDType, shape: [Int], needed: Int, actual: Int)
        /// A slice ends within an element.
        case partialElement(tensor: String, dtype: MindSporeDType, byteCount: Int)
        /// A slice claims another element type than the tensor's first one.
        case sliceDType(tensor: String, first: String, other: String)
        /// A slice claims other extents than the tensor's first one.
        case sliceShape(tensor: String, first: [Int], other: [Int])
        /// Two values that are not neighbors, and so no slices, have one name.
        case repeatedName(String)
        /// A text is not UTF-32.
        case invalidText(name: String)
        /// The file has no tensor of this name.
        case noSuchTensor(String)
        /// A tensor's elements are not of a type that is read.
        case unsupportedDType(tensor: String, dtype: MindSporeDType)
        /// Where a tensor was when the file was opened, there is something else now.
        case changed(tensor: String)
    }
}

extension MindSporeError: CustomStringConvertible {
    /// One line that names the file, what is wrong and what to do.
    public var description: String { "\(shown(path)): \(problem)" }
}
