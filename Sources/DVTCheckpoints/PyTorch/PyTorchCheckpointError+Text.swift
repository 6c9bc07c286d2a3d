import DVTCore
import DVTSupport

extension PyTorchCheckpointError.Problem: CustomStringConvertible {
    /// The problem, with its values, and the remedy.
    public var description: String {
        "\(statement); \(remedy)"
    }

    private var remedy: String {
        switch self {
        case .noSuchTensor: "check that the checkpoint belongs to this model"
        case .overflow: Float64Overflow.remedy
        case .unsupportedType:
            "save it as float32, float16, bfloat16 or float64"
        case .tarArchive, .bigEndian, .unsupportedPickleProtocol, .unsupportedLegacyVersion,
            .compressedZipEntry, .encryptedZipEntry, .zipSpansFiles, .zipEntryCount,
            .severalPickles, .repeatsTooOften, .tooManyOperations, .pickleTooLong:
            "load it in PyTorch and save its state_dict() again with torch.save"
        case .torchScript, .notADictionary, .noStateDictionary, .noTensors, .tooManyEntries,
            .nameTooLong,
            .repeatedName:
            "save the model's state_dict(), at the top level or under \"state_dict\" or \"model\""
        case .forbiddenGlobal: "no code was run: do not trust this file or its source"
        case .notACheckpoint, .noPickle: "check the path: the file must be written by torch.save"
        case .noZipDirectory, .zipRecordPastEnd, .pickleCutShort, .lengthPastEnd,
            .legacyStoragePastEnd, .storageCutShort:
            "the file is truncated or damaged: copy or download it again"
        default: "the file is damaged or malicious: download it from its source again"
        }
    }

    private var statement: String {
        switch self {
        case .notACheckpoint: "does not begin like a PyTorch checkpoint"
        case .tarArchive:
            "is a tar archive, the format of PyTorch before 0.1.10, which is not supported"
        case .torchScript: "is a TorchScript program, which is not supported"
        case .bigEndian: "contains big-endian numbers, which are not supported"
        case .noSuchTensor(let name): "there is no tensor \(quoted(name))"
        case .overflow(let tensor, let value): Float64Overflow.statement(tensor, value)
        case .unsupportedType(let tensor, let type):
            "tensor \(quoted(tensor)) has element type \(type), which is not supported"
        default: zipStatement ?? pickleStatement ?? weightsStatement ?? tensorStatement
        }
    }

    /// Problems of the zip archive.
    var zipStatement: String? {
        switch self {
        case .noZipDirectory: "the end record of the zip archive is missing"
        case .zipSpansFiles: "is one part of a multi-file zip archive"
        case .zipRecordPastEnd(let record, let offset, let byteCount, let available):
            """
            \(record) of the zip archive takes \(byteCount) bytes from byte \(offset) on, but must \
            end by byte \(available)
            """
        case .zipRecordMissing(let record, let offset):
            "\(record) of the zip archive is not at its offset (\(offset))"
        case .zipValuesDisagree(let what, let first, let second):
            "the zip archive states \(what) as both \(first) and \(second)"
        case .zipEntryCount(let count, let byteCount, let limit):
            """
            declares a zip directory of \(count) entries in \(byteCount) bytes; the limit is \
            \(limit) entries, of at least 46 bytes each
            """
        default: zipEntryStatement
        }
    }

    /// Problems of an entry of the zip archive.
    private var zipEntryStatement: String? {
        switch self {
        case .zipHeaderDiffers(let name):
            "the header of \(quoted(name)) differs from the zip archive's directory"
        case .compressedZipEntry(let name, let method):
            """
            \(quoted(name)) is compressed (method \(method)) in the zip archive, which torch.save \
            never does
            """
        case .encryptedZipEntry(let name): "\(quoted(name)) is encrypted in the zip archive"
        case .repeatedZipEntry(let name): "two entries of the zip archive are named \(quoted(name))"
        case .overlappingZipEntries(let first, let second):
            "\(quoted(first)) and \(quoted(second)) overlap in the zip archive"
        case .noPickle: "is a zip archive without a data.pkl"
        case .severalPickles(let count): "is a zip archive with \(count) files named data.pkl"
        default: nil
        }
    }

    /// Problems of a pickle, or of the storages after it in the legacy format.
    private var pickleStatement: String? {
        switch self {
        case .pickleCutShort(let offset):
            "the pickle ends within the operation at its byte \(offset)"
        case .pickleTooLong(let limit): "the pickle takes more than \(limit) bytes"
        case .tooManyOperations(let limit): "the pickle has more than \(limit) operations"
        case .unsupportedPickleProtocol(let version):
            "the pickle has protocol \(version); 2 to 5 are supported"
        case .unknownOpcode(let byte, let offset):
            "the pickle has the unsupported opcode \(byte) at its byte \(offset)"
        case .lengthPastEnd(let length, let available, let offset):
            """
            the pickle declares \(length) bytes for the value at its byte \(offset), but only \
            \(available) follow
            """
        case .emptyStack(let offset):
            "the pickle pops from an empty stack at its byte \(offset)"
        case .unknownMemo(let index, let offset):
            "the pickle reads the undefined memo \(index) at its byte \(offset)"
        case .invalidPickle(let reason, let offset):
            "the pickle has \(reason) at its byte \(offset)"
        case .forbiddenGlobal(let module, let name, let offset):
            """
            the pickle requests GLOBAL \(Self.word(module)) \(Self.word(name)) at its byte \
            \(offset), which no checkpoint needs
            """
        default: storageStatement
        }
    }

    /// Problems of a pickle's storages.
    private var storageStatement: String? {
        switch self {
        case .storageRedefined(let key):
            "two tensors disagree on the type or size of storage \(quoted(key))"
        case .unsupportedLegacyVersion:
            "has the format before PyTorch 1.6, but not its version 1001"
        case .invalidStorageKeys: "the list of storages is not a list, or names an unknown storage"
        case .legacyStoragePastEnd(let key, nil, let available):
            "storage \(quoted(key)) has no size; only \(available) bytes follow"
        case .legacyStoragePastEnd(let key, let count?, let available):
            "storage \(quoted(key)) declares \(count) elements, but only \(available) bytes follow"
        default: nil
        }
    }

    /// Problems of the dictionary of weights.
    private var weightsStatement: String? {
        switch self {
        case .notADictionary(let what):
            "contains \(Self.word(what)) instead of a dictionary of tensors"
        case .noStateDictionary(let keys):
            "contains no dictionary of tensors, but \(Self.listed(keys))"
        case .noTensors(let key, let keys):
            "has no tensors under the key \(quoted(key)); it has \(Self.listed(keys))"
        case .tooManyEntries(let limit): "the weights have more than \(limit) entries"
        case .nameTooLong(let name, let limit):
            "tensor \(quoted(name)) has a name of more than \(limit) bytes"
        case .repeatedName(let name): "two tensors are named \(quoted(name))"
        default: nil
        }
    }

    /// Problems of one tensor.
    private var tensorStatement: String {
        switch self {
        case .noSuchStorage(let tensor, let key):
            "storage \(quoted(key)) of tensor \(quoted(tensor)) is not in the file"
        case .storageCutShort(let tensor, let key, let count, let type, let available):
            """
            storage \(quoted(key)) of tensor \(quoted(tensor)) has \(count) elements of type \
            \(type), but only \(available) bytes
            """
        case .axisCount(let tensor, let sizes, let strides, let limit):
            """
            tensor \(quoted(tensor)) has \(sizes) extents and \(strides) strides; there must be as \
            many of both, and at most \(limit)
            """
        case .negativeExtent(let tensor, let shape, let strides, let offset):
            """
            tensor \(quoted(tensor)) of shape \(shown(shape)), strides \(shown(strides)) and \
            offset \(offset) has a negative number
            """
        case .sizeOverflow(let tensor, let shape):
            "tensor \(quoted(tensor)) of shape \(shown(shape)) exceeds the address space"
        case .outsideStorage(let tensor, let shape, let strides, let offset, let available):
            """
            tensor \(quoted(tensor)) of shape \(shown(shape)), strides \(shown(strides)) and \
            offset \(offset) exceeds its storage of \(available) elements
            """
        case .repeatsTooOften(let tensor, let shape, let limit):
            """
            tensor \(quoted(tensor)) of shape \(shown(shape)) repeats its elements; the limit for \
            such tensors is \(limit) elements
            """
        default: ""
        }
    }

    /// A name, quoted if it is long or not printable.
    private static func word(_ text: String) -> String {
        let isPlain = text.utf8.count <= 80 && text == printable(text)
        return isPlain ? text : quoted(text)
    }

    private static func listed(_ keys: [String]) -> String {
        guard !keys.isEmpty else { return "nothing" }
        let shown = keys.prefix(6).map { quoted($0, limit: 24) }.joined(separator: ", ")
        return keys.count > 6 ? "\(shown) and \(keys.count - 6) more" : shown
    }
}
