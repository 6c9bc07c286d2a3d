import DVTCore
import DVTSupport

/// A malformed MindSpore checkpoint, or a request for a tensor that it does not have.
public struct MindSporeError: Error, Equatable, Sendable {
    /// The file.
    public let path: String
    /// The problem.
    public let problem: Problem

    /// The problem of a file; offsets are relative to its first byte.
    public enum Problem: Error, Equatable, Sendable {
        /// The file is empty.
        case empty
        /// The file was written with MindSpore's `enc_key`.
        case encrypted
        /// The first byte does not start a value.
        case notACheckpoint(firstByte: UInt8)
        /// The file ends within the length of a value.
        case cutInLength(offset: Int)
        /// A field's number or a value's length takes more than 64 bits.
        case invalidLength(offset: Int)
        /// A value extends beyond the file.
        case pastEnd(offset: Int, length: UInt64, available: Int)
        /// The checkpoint has a field that is not a value.
        case unknownField(number: UInt64, offset: Int)
        /// A value is not a protobuf message; the offset is that after its key and length.
        case invalidValue(reason: String, offset: Int)
        /// A value lacks a required field; the offset is that after its key and length.
        case missingField(String, tensor: String?, offset: Int)
        /// A tensor's element type is not one of MindSpore's.
        case unknownDType(tensor: String, dtype: String)
        /// A tensor has a negative extent.
        case negativeExtent(tensor: String, shape: [Int])
        /// The size of a tensor overflows 64 bits.
        case sizeOverflow(tensor: String, shape: [Int])
        /// The size of a tensor's slices does not match its type and shape.
        case sizeMismatch(
            tensor: String, dtype: MindSporeDType, shape: [Int], needed: Int, actual: Int)
        /// A slice ends within an element.
        case partialElement(tensor: String, dtype: MindSporeDType, byteCount: Int)
        /// The element type of a slice differs from that of the tensor's first slice.
        case sliceDType(tensor: String, first: String, other: String)
        /// The shape of a slice differs from that of the tensor's first slice.
        case sliceShape(tensor: String, first: [Int], other: [Int])
        /// Two values have the same name but are not adjacent, so they are not slices.
        case repeatedName(String)
        /// A text value is not UTF-32.
        case invalidText(name: String)
        /// The file has no tensor of this name.
        case noSuchTensor(String)
        /// A Float64 of a tensor is beyond the range of float32.
        case overflow(tensor: String, value: Double)
        /// A tensor's element type is not supported.
        case unsupportedDType(tensor: String, dtype: MindSporeDType)
        /// A tensor's bytes in the file have changed since it was opened.
        case changed(tensor: String)
    }
}

extension MindSporeError: CustomStringConvertible {
    /// One line with the file, the problem and the remedy.
    public var description: String { "\(shown(path)): \(problem)" }
}
