import DVTCore
import DVTSupport

extension SafetensorsError.Problem: CustomStringConvertible {
    /// What is wrong, with the values, and what to do.
    public var description: String {
        "\(statement); \(remedy)"
    }

    private var remedy: String {
        switch self {
        case .noSuchTensor: "check that the checkpoint belongs to this model"
        case .unsupportedDType: "F32, F16 and BF16 are read: save it as one of these"
        case .notIntegers: "I32 and I64 are read: save it as one of these"
        case .repeatedName: "give each tensor its own name"
        case .reservedName: "rename the tensor"
        case .headerTooLongToWrite: "shorten the names and metadata, or write several files"
        case .noHeaderLength, .headerPastEnd, .pastEnd:
            "the file is cut short or not a safetensors file: copy or download it again"
        case .headerTooLong, .headerNotAnObject:
            "this is not a safetensors file, or it is damaged: check the path"
        default: "the file is damaged or badly written: write or download it again"
        }
    }

    private var statement: String {
        switch self {
        case .noSuchTensor(let name): "there is no tensor \(quoted(name))"
        case .unsupportedDType(let tensor, let dtype):
            "tensor \(quoted(tensor)) has elements of type \(dtype.rawValue), which are not read"
        case .notIntegers(let tensor, let dtype):
            "tensor \(quoted(tensor)) has elements of type \(dtype.rawValue) where integers belong"
        case .repeatedName(let name): "two tensors are named \(quoted(name))"
        case .reservedName: "a tensor is named \"__metadata__\", which the format reserves"
        case .headerTooLongToWrite(let length, let limit):
            "the header takes \(length) bytes, and the format allows \(limit)"
        default: headerStatement ?? entryStatement ?? layoutStatement
        }
    }

    /// What is wrong with the header as text.
    private var headerStatement: String? {
        switch self {
        case .noHeaderLength(let count):
            "holds \(count) bytes, fewer than the 8 of the header's length"
        case .headerTooLong(let length, let limit):
            "claims a header of \(length) bytes, and the format allows \(limit)"
        case .headerPastEnd(let length, let available):
            "claims a header of \(length) bytes, and only \(available) follow"
        case .headerNotAnObject(let byte):
            "the header begins with \(byte.map { "byte \($0)" } ?? "nothing") where '{' belongs"
        case .invalidHeader(let reason, let offset):
            "the header has \(reason) at its byte \(offset)"
        case .duplicateKey(let key, let offset):
            "the header repeats the key \(quoted(key)) at its byte \(offset)"
        case .nestedTooDeeply(let limit, let offset):
            "the header nests more than \(limit) arrays and objects at its byte \(offset)"
        case .bytesAfterHeader(let offset):
            "the header's object is followed by other bytes than spaces at its byte \(offset)"
        case .metadataNotText(nil):
            "\"__metadata__\" is not an object of strings"
        case .metadataNotText(let key?):
            "the value of \(quoted(key)) in \"__metadata__\" is not a string"
        default: nil
        }
    }

    /// What is wrong with one tensor's entry, whatever the others are.
    private var entryStatement: String? {
        switch self {
        case .entryNotAnObject(let tensor):
            "the entry of tensor \(quoted(tensor)) is not an object"
        case .invalidEntry(let tensor, let key, let reason):
            "the entry of tensor \(quoted(tensor)) has \(reason) as \(quoted(key))"
        case .unknownDType(let tensor, let dtype):
            "tensor \(quoted(tensor)) has elements of type \(quoted(dtype)), which is unknown"
        case .offsetCount(let tensor, let count):
            "tensor \(quoted(tensor)) has \(count) data_offsets, and 2 belong there"
        case .reversedOffsets(let tensor, let begin, let end):
            "tensor \(quoted(tensor)) begins at byte \(begin) but ends at byte \(end)"
        case .sizeOverflow(let tensor, let shape):
            "tensor \(quoted(tensor)) of shape \(shown(shape)) is larger than any memory"
        case .partialByte(let tensor, let dtype, let shape):
            """
            tensor \(quoted(tensor)) of type \(dtype.rawValue) and shape \(shown(shape)) does \
            not end at a byte
            """
        case .sizeMismatch(let tensor, let dtype, let shape, let needed, let actual):
            """
            tensor \(quoted(tensor)) of type \(dtype.rawValue) and shape \(shown(shape)) needs \
            \(needed) bytes, but its data_offsets enclose \(actual)
            """
        default: nil
        }
    }

    /// What is wrong with how the tensors lie in the file.
    private var layoutStatement: String {
        switch self {
        case .overlap(let tensor, let begin, let expected):
            """
            tensor \(quoted(tensor)) begins at byte \(begin), and the tensor before it ends at \
            byte \(expected)
            """
        case .hole(let tensor, let begin, let expected):
            """
            tensor \(quoted(tensor)) begins at byte \(begin), and the bytes from \(expected) up \
            to there belong to no tensor
            """
        case .pastEnd(let tensor, let end, let available):
            "tensor \(quoted(tensor)) ends at byte \(end), and only \(available) are there"
        case .bytesAfterData(let end, let available):
            "the tensors end at byte \(end), and \(available) bytes are there"
        default: ""
        }
    }
}
