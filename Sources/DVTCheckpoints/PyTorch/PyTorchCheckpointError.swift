import DVTCore
import DVTSupport

/// A malformed, unsupported or malicious PyTorch checkpoint, or a request for a tensor that it does
/// not have.
public struct PyTorchCheckpointError: Error, Equatable, Sendable {
    /// The file.
    public let path: String
    /// The problem.
    public let problem: Problem

    /// The problem of a file; offsets in a zip archive are relative to the file, those in a pickle
    /// to the pickle.
    public enum Problem: Error, Equatable, Sendable {
        // The file as a whole.

        /// The file's first bytes are not those of a `torch.save` file.
        case notACheckpoint
        /// The file is a tar archive, the format of PyTorch before 0.1.10.
        case tarArchive
        /// The file is a TorchScript program.
        case torchScript
        /// The numbers are big-endian.
        case bigEndian

        // The zip archive.

        /// The end record of the zip archive is missing.
        case noZipDirectory
        /// The archive spans several files.
        case zipSpansFiles
        /// A record extends beyond the range that must contain it.
        case zipRecordPastEnd(String, offset: UInt64, byteCount: UInt64, available: UInt64)
        /// There is no record at the offset that another one states.
        case zipRecordMissing(String, offset: UInt64)
        /// Two records state different values.
        case zipValuesDisagree(String, UInt64, UInt64)
        /// The declared number of entries exceeds the limit or the size of the directory.
        case zipEntryCount(UInt64, directoryByteCount: UInt64, limit: Int)
        /// The name or method in an entry's header differs from the directory.
        case zipHeaderDiffers(String)
        /// An entry is compressed.
        case compressedZipEntry(String, method: UInt16)
        /// An entry is encrypted.
        case encryptedZipEntry(String)
        /// Two entries have the same name.
        case repeatedZipEntry(String)
        /// Two entries overlap.
        case overlappingZipEntries(String, String)
        /// There is no `data.pkl`, at the top level or in a folder there.
        case noPickle
        /// Several entries are named `data.pkl`.
        case severalPickles(Int)

        // The pickle.

        /// The pickle is truncated.
        case pickleCutShort(offset: Int)
        /// The size of the pickle exceeds the limit.
        case pickleTooLong(limit: Int)
        /// The number of operations exceeds the limit.
        case tooManyOperations(limit: Int)
        /// The protocol is not supported.
        case unsupportedPickleProtocol(Int)
        /// The opcode is not supported.
        case unknownOpcode(UInt8, offset: Int)
        /// A declared length exceeds the rest of the pickle.
        case lengthPastEnd(length: UInt64, available: Int, offset: Int)
        /// An operation pops from an empty stack.
        case emptyStack(offset: Int)
        /// The memo has no value of this index.
        case unknownMemo(UInt32, offset: Int)
        /// An operation has an operand of the wrong kind.
        case invalidPickle(reason: String, offset: Int)
        /// The pickle names a function that no checkpoint needs, but an attack would use.
        case forbiddenGlobal(module: String, name: String, offset: Int)
        /// Two tensors state different types or sizes for their common storage.
        case storageRedefined(key: String)

        // The legacy format.

        /// The version of the format is not 1001, the only one.
        case unsupportedLegacyVersion
        /// The list of storages is not a list, or names an unknown storage.
        case invalidStorageKeys
        /// A storage extends beyond the file; `elementCount` is nil if even that is missing.
        case legacyStoragePastEnd(key: String, elementCount: UInt64?, available: Int)

        // The weights.

        /// The saved object is not a dictionary.
        case notADictionary(String)
        /// There is no dictionary of tensors under any of the known keys.
        case noStateDictionary(keys: [String])
        /// There are no tensors under the key that was asked for.
        case noTensors(key: String, keys: [String])
        /// The number of entries exceeds the limit.
        case tooManyEntries(limit: Int)
        /// The length of a tensor's name exceeds the limit.
        case nameTooLong(String, limit: Int)
        /// Two tensors have the same name.
        case repeatedName(String)
        /// The storage of a tensor is not in the file.
        case noSuchStorage(tensor: String, key: String)
        /// The storage of a tensor is smaller than its elements.
        case storageCutShort(
            tensor: String, key: String, elementCount: Int, type: String, available: Int)
        /// A tensor has too many axes, or a different number of strides.
        case axisCount(tensor: String, sizes: Int, strides: Int, limit: Int)
        /// An extent, a stride or the offset of a tensor is negative.
        case negativeExtent(tensor: String, shape: [Int], strides: [Int], offset: Int)
        /// The size of a tensor overflows 64 bits.
        case sizeOverflow(tensor: String, shape: [Int])
        /// A tensor extends beyond its storage.
        case outsideStorage(
            tensor: String, shape: [Int], strides: [Int], offset: Int, available: Int)
        /// The number of elements of a tensor that repeats its storage's exceeds the limit.
        case repeatsTooOften(tensor: String, shape: [Int], limit: Int)
        /// The file has no tensor of this name.
        case noSuchTensor(String)
        /// A float64 of a tensor is beyond the range of float32.
        case overflow(tensor: String, value: Double)
        /// A tensor's element type is not supported.
        case unsupportedType(tensor: String, type: String)
    }
}

extension PyTorchCheckpointError: CustomStringConvertible {
    /// One line with the file, the problem and the remedy.
    public var description: String { "\(shown(path)): \(problem)" }
}
