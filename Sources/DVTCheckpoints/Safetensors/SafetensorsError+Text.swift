import DVTCore
import DVTSupport

extension SafetensorsError.Problem: CustomStringConvertible {
    /// The problem, with its values, and the remedy.
    public var description: String {
        "\(statement); \(remedy)"
    }

    private var remedy: String {
        switch self {
        case .noSuchTensor: "check that the checkpoint belongs to this model"
        case .unsupportedDType: "save it as F64, F32, F16 or BF16"
        case .overflow: Float64Overflow.remedy
        case .notIntegers: "save it as I32 or I64"
        case .repeatedName: "give each tensor its own name"
        case .reservedName: "rename the tensor"
        case .headerTooLongToWrite: "shorten the names and metadata, or write several files"
        case .noHeaderLength, .headerPastEnd, .pastEnd:
            "the file is truncated or not a safetensors file: copy or download it again"
        case .headerTooLong, .headerNotAnObject:
            "this is not a safetensors file, or it is damaged: check the path"
        default: "the file is damaged or malformed: write or download it again"
        }
    }

    private var statement: String {
        switch self {
        case .noSuchTensor(let name): "there is no tensor \(quoted(name))"
        case .unsupportedDType(let tensor, let dtype):
            "tensor \(quoted(tensor)) has element type \(dtype.rawValue), which is not supported"
        case .overflow(let tensor, let value): Float64Overflow.statement(tensor, value)
        case .notIntegers(let tensor, let dtype):
            "tensor \(quoted(tensor)) has element type \(dtype.rawValue), but must have integers"
        case .repeatedName(let name): "two tensors are named \(quoted(name))"
        case .reservedName: "a tensor is named \"__metadata__\", which the format reserves"
        case .headerTooLongToWrite(let length, let limit):
            "the header takes \(length) bytes, but the format allows \(limit)"
        default: headerStatement ?? entryStatement ?? layoutStatement
        }
    }

    /// Problems of the header as text.
    private var headerStatement: String? {
        switch self {
        case .noHeaderLength(let count):
            "has \(count) bytes, fewer than the 8 of the header's length"
        case .headerTooLong(let length, let limit):
            "declares a header of \(length) bytes, but the format allows \(limit)"
        case .headerPastEnd(let length, let available):
            "declares a header of \(length) bytes, but only \(available) follow"
        case .headerNotAnObject(let byte):
            byte.map { "the header begins with byte \($0) instead of '{'" } ?? "the header is empty"
        case .invalidHeader(let reason, let offset):
            "the header has \(reason) at its byte \(offset)"
        case .duplicateKey(let key, let offset):
            "the header repeats the key \(quoted(key)) at its byte \(offset)"
        case .nestedTooDeeply(let limit, let offset):
            "the header nests more than \(limit) arrays and objects at its byte \(offset)"
        case .bytesAfterHeader(let offset):
            "the header's object is followed by bytes other than spaces at its byte \(offset)"
        case .metadataNotText(nil):
            "\"__metadata__\" is not an object of strings"
        case .metadataNotText(let key?):
            "the value of \(quoted(key)) in \"__metadata__\" is not a string"
        default: nil
        }
    }

    /// Problems of one tensor's entry.
    private var entryStatement: String? {
        switch self {
        case .entryNotAnObject(let tensor):
            "the entry of tensor \(quoted(tensor)) is not an object"
        case .invalidEntry(let tensor, let key, let reason):
            "the entry of tensor \(quoted(tensor)) has \(reason) as \(quoted(key))"
        case .unknownDType(let tensor, let dtype):
            "tensor \(quoted(tensor)) has the unknown element type \(quoted(dtype))"
        case .offsetCount(let tensor, let count):
            "tensor \(quoted(tensor)) has \(count) data_offsets instead of 2"
        case .reversedOffsets(let tensor, let begin, let end):
            "tensor \(quoted(tensor)) begins at byte \(begin) but ends at byte \(end)"
        case .sizeOverflow(let tensor, let shape):
            "tensor \(quoted(tensor)) of shape \(shown(shape)) exceeds the address space"
        case .partialByte(let tensor, let dtype, let shape):
            """
            tensor \(quoted(tensor)) of type \(dtype.rawValue) and shape \(shown(shape)) does \
            not end at a byte boundary
            """
        case .sizeMismatch(let tensor, let dtype, let shape, let needed, let actual):
            """
            tensor \(quoted(tensor)) of type \(dtype.rawValue) and shape \(shown(shape)) needs \
            \(needed) bytes, but its data_offsets span \(actual)
            """
        default: nil
        }
    }

    /// Problems of the tensors' positions in the file.
    private var layoutStatement: String {
        switch self {
        case .overlap(let tensor, let begin, let expected):
            """
            tensor \(quoted(tensor)) begins at byte \(begin), but the previous tensor ends at byte \
            \(expected)
            """
        case .hole(let tensor, let begin, let expected):
            """
            tensor \(quoted(tensor)) begins at byte \(begin), but the previous tensor ends at byte \
            \(expected): the bytes between belong to no tensor
            """
        case .pastEnd(let tensor, let end, let available):
            "tensor \(quoted(tensor)) ends at byte \(end) of the data, which has \(available) bytes"
        case .bytesAfterData(let end, let available):
            "the tensors end at byte \(end) of the data, which has \(available) bytes"
        default: ""
        }
    }
}
