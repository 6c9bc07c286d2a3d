import DVTCore
import DVTSupport

extension PyTorchCheckpointError.Problem: CustomStringConvertible {
    /// What is wrong, with the values, and what to do.
    public var description: String {
        "\(statement); \(remedy)"
    }

    private var remedy: String {
        switch self {
        case .noSuchTensor: "check that the checkpoint belongs to this model"
        case .unsupportedType:
            "float32, float16, bfloat16 and float64 are read: save it as one of these"
        case .tarArchive, .bigEndian, .unsupportedPickleProtocol, .unsupportedLegacyVersion,
            .compressedZipEntry, .encryptedZipEntry, .zipSpansFiles, .zipEntryCount,
            .severalPickles, .repeatsTooOften, .tooManyOperations, .pickleTooLong:
            "load it in PyTorch and save its state_dict() again with torch.save"
        case .torchScript, .notADictionary, .noStateDictionary, .tooManyEntries, .nameTooLong,
            .repeatedName:
            "save the model's state_dict() itself, or under \"state_dict\" or \"model\""
        case .forbiddenGlobal: "nothing was run: do not trust this file, or where it came from"
        case .notACheckpoint, .noPickle: "check the path: torch.save writes what is read here"
        case .noZipDirectory, .zipRecordPastEnd, .pickleCutShort, .lengthPastEnd,
            .legacyStoragePastEnd, .storageCutShort:
            "the file is cut short or damaged: copy or download it again"
        default: "the file is damaged or was made to mislead: download it from its source again"
        }
    }

    private var statement: String {
        switch self {
        case .notACheckpoint: "does not begin like a checkpoint of PyTorch"
        case .tarArchive:
            "is a tar archive, in which PyTorch before 0.1.10 saved, and which is not read"
        case .torchScript: "is a program of TorchScript, which is not run here"
        case .bigEndian: "holds big-endian numbers, which are not read"
        case .noSuchTensor(let name): "there is no tensor \(quoted(name))"
        case .unsupportedType(let tensor, let type):
            "tensor \(quoted(tensor)) has elements of type \(type), which are not read"
        default: zipStatement ?? pickleStatement ?? weightsStatement ?? tensorStatement
        }
    }

    /// What is wrong with the zip archive.
    private var zipStatement: String? {
        switch self {
        case .noZipDirectory: "the record that ends a zip archive is missing"
        case .zipSpansFiles: "is one part of a zip archive of several files"
        case .zipRecordPastEnd(let record, let offset, let byteCount, let available):
            """
            \(record) of the zip archive takes \(byteCount) bytes from byte \(offset) on, and must \
            end by byte \(available)
            """
        case .zipRecordMissing(let record, let offset):
            "\(record) of the zip archive is not where it should be (\(offset))"
        case .zipValuesDisagree(let what, let first, let second):
            "the zip archive gives \(what) as \(first) and as \(second)"
        case .zipEntryCount(let count, let byteCount, let limit):
            """
            claims a zip directory of \(count) entries in \(byteCount) bytes, and at most \(limit) \
            of 46 bytes or more are read
            """
        default: zipEntryStatement
        }
    }

    /// What is wrong with an entry of the zip archive.
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

    /// What is wrong with a pickle, or with what stands behind it in a file of the old layout.
    private var pickleStatement: String? {
        switch self {
        case .pickleCutShort(let offset):
            "the pickle ends within the operation at its byte \(offset)"
        case .pickleTooLong(let limit): "the pickle takes more than \(limit) bytes"
        case .tooManyOperations(let limit): "the pickle has more than \(limit) operations"
        case .unsupportedPickleProtocol(let version):
            "the pickle is of protocol \(version), and 2 to 5 are read"
        case .unknownOpcode(let byte, let offset):
            "the pickle has \(byte) at its byte \(offset), which is no operation that is read"
        case .lengthPastEnd(let length, let available, let offset):
            """
            the pickle claims \(length) bytes for the value at its byte \(offset), and only \
            \(available) follow
            """
        case .emptyStack(let offset):
            "the pickle takes more values than there are at its byte \(offset)"
        case .unknownMemo(let index, let offset):
            "the pickle recalls value \(index) at its byte \(offset) without having stored it"
        case .invalidPickle(let reason, let offset):
            "the pickle has \(reason) at its byte \(offset)"
        case .forbiddenGlobal(let module, let name, let offset):
            """
            the pickle asks for GLOBAL \(Self.word(module)) \(Self.word(name)) at its byte \
            \(offset), which no checkpoint needs
            """
        default: storageStatement
        }
    }

    /// What is wrong with what a pickle says about storages.
    private var storageStatement: String? {
        switch self {
        case .storageRedefined(let key):
            "two tensors disagree on the type or size of storage \(quoted(key))"
        case .unsupportedLegacyVersion:
            "is of the layout before PyTorch 1.6, but not of its version 1001"
        case .invalidStorageKeys: "the list of storages names one that no tensor has, or is no list"
        case .legacyStoragePastEnd(let key, nil, let available):
            "storage \(quoted(key)) has no size: only \(available) bytes follow"
        case .legacyStoragePastEnd(let key, let count?, let available):
            "storage \(quoted(key)) claims \(count) elements, and only \(available) bytes follow"
        default: nil
        }
    }

    /// What is wrong with the weights as a dictionary.
    private var weightsStatement: String? {
        switch self {
        case .notADictionary(let what):
            "holds \(Self.word(what)) and not a dictionary of tensors"
        case .noStateDictionary(let keys):
            "holds no dictionary of tensors, but \(Self.listed(keys))"
        case .tooManyEntries(let limit): "the weights have more than \(limit) entries"
        case .nameTooLong(let name, let limit):
            "tensor \(quoted(name)) has a name of more than \(limit) bytes"
        case .repeatedName(let name): "two tensors are named \(quoted(name))"
        default: nil
        }
    }

    /// What is wrong with one tensor.
    private var tensorStatement: String {
        switch self {
        case .noSuchStorage(let tensor, let key):
            "storage \(quoted(key)) of tensor \(quoted(tensor)) is not in the file"
        case .storageCutShort(let tensor, let key, let count, let type, let available):
            """
            storage \(quoted(key)) of tensor \(quoted(tensor)) has \(count) elements of type \
            \(type), but \(available) bytes
            """
        case .axisCount(let tensor, let sizes, let strides, let limit):
            """
            tensor \(quoted(tensor)) has \(sizes) extents and \(strides) strides, and as many of \
            both up to \(limit) belong there
            """
        case .negativeExtent(let tensor, let shape, let strides, let offset):
            """
            tensor \(quoted(tensor)) of shape \(shown(shape)), strides \(shown(strides)) and \
            offset \(offset) has a negative one
            """
        case .sizeOverflow(let tensor, let shape):
            "tensor \(quoted(tensor)) of shape \(shown(shape)) is larger than any memory"
        case .outsideStorage(let tensor, let shape, let strides, let offset, let available):
            """
            tensor \(quoted(tensor)) of shape \(shown(shape)), strides \(shown(strides)) and \
            offset \(offset) leaves its storage of \(available) elements
            """
        case .repeatsTooOften(let tensor, let shape, let limit):
            """
            tensor \(quoted(tensor)) of shape \(shown(shape)) repeats its elements, and at most \
            \(limit) are read of such a one
            """
        default: ""
        }
    }

    /// A short name as it is, any other one in quotes.
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
