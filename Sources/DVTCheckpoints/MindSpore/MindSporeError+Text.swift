import DVTCore
import DVTSupport

extension MindSporeError.Problem: CustomStringConvertible {
    /// The problem, with its values, and the remedy.
    public var description: String {
        "\(statement); \(remedy)"
    }

    private var remedy: String {
        switch self {
        case .noSuchTensor: "check that the checkpoint belongs to this model"
        case .unsupportedDType:
            "save it as Float16, BFloat16, Float32 or Float64"
        case .overflow: Float64Overflow.remedy
        case .encrypted: "load it in MindSpore with its key and save it without enc_key"
        case .notACheckpoint: "check the path, or save the model with MindSpore's save_checkpoint"
        case .empty, .cutInLength, .pastEnd:
            "the file is truncated: copy or download it again"
        case .unknownField, .unknownDType, .missingField:
            """
            the file is damaged or of an unknown version of MindSpore: copy it again, or save it \
            as safetensors
            """
        case .changed: "open the file again once it is complete"
        default: "the file is damaged or malformed: save or copy it again"
        }
    }

    private var statement: String {
        switch self {
        case .noSuchTensor(let name): "there is no tensor \(quoted(name))"
        case .unsupportedDType(let tensor, let dtype):
            "tensor \(quoted(tensor)) has element type \(dtype.rawValue), which is not supported"
        case .overflow(let tensor, let value): Float64Overflow.statement(tensor, value)
        case .changed(let tensor):
            "tensor \(quoted(tensor)) has changed since the file was opened"
        default: fileStatement ?? tensorStatement
        }
    }

    /// Problems of the file as a series of values.
    private var fileStatement: String? {
        switch self {
        case .empty: "is empty"
        case .encrypted: "is encrypted by MindSpore"
        case .notACheckpoint(let byte):
            "begins with byte \(byte); a MindSpore checkpoint begins with byte 10"
        case .cutInLength(let offset):
            "ends within the length of the value at byte \(offset)"
        case .invalidLength(let offset):
            "has no valid integer at byte \(offset), where a value begins"
        case .pastEnd(let offset, let length, let available):
            "declares a value of \(length) bytes at byte \(offset), but only \(available) follow"
        case .unknownField(let number, let offset):
            "has a field \(number) at byte \(offset); a checkpoint has only field 1"
        case .invalidValue(let reason, let offset):
            "the value at byte \(offset) \(reason)"
        case .missingField(let field, nil, let offset):
            "the value at byte \(offset) lacks its \(field)"
        case .missingField(let field, let tensor?, _):
            "the value of tensor \(quoted(tensor)) lacks its \(field)"
        default: nil
        }
    }

    /// Problems of one tensor.
    private var tensorStatement: String {
        switch self {
        case .unknownDType(let tensor, let dtype):
            "tensor \(quoted(tensor)) has the unknown element type \(quoted(dtype))"
        case .negativeExtent(let tensor, let shape):
            "tensor \(quoted(tensor)) has a negative extent in its shape \(shown(shape))"
        case .sizeOverflow(let tensor, let shape):
            "tensor \(quoted(tensor)) of shape \(shown(shape)) exceeds the address space"
        case .sizeMismatch(let tensor, let dtype, let shape, let needed, let actual):
            """
            tensor \(quoted(tensor)) of type \(dtype.rawValue) and shape \(shown(shape)) needs \
            \(needed) bytes, but has \(actual)
            """
        case .partialElement(let tensor, let dtype, let count):
            """
            a slice of tensor \(quoted(tensor)) has \(count) bytes, but an element of type \
            \(dtype.rawValue) takes \(dtype.byteCount)
            """
        case .sliceDType(let tensor, let first, let other):
            "tensor \(quoted(tensor)) has slices of type \(quoted(first)) and \(quoted(other))"
        case .sliceShape(let tensor, let first, let other):
            "tensor \(quoted(tensor)) has slices of shape \(shown(first)) and \(shown(other))"
        case .repeatedName(let name): "two tensors are named \(quoted(name))"
        case .invalidText(let name): "the text \(quoted(name)) is not UTF-32"
        default: ""
        }
    }
}
