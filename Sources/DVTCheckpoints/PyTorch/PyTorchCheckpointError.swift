import DVTCore
import DVTSupport

/// A checkpoint of PyTorch that breaks a rule of its format, asks for what is never done, or does
/// not hold what was asked for.
public struct PyTorchCheckpointError: Error, Equatable, Sendable {
    /// The file.
    public let path: String
    /// What is wrong with it.
    public let problem: Problem

    /// What is wrong with a file; offsets of a zip archive count from the file's first byte, those
    /// of a pickle from the pickle's.
    public enum Problem: Error, Equatable, Sendable {
        // The file as a whole.

        /// The file begins like none that `torch.save` writes.
        case notACheckpoint
        /// The file is a tar archive, as PyTorch wrote them before 0.1.10.
        case tarArchive
        /// The file is a program of TorchScript.
        case torchScript
        /// The numbers are big-endian.
        case bigEndian

        // The zip archive.

        /// The record that ends every zip archive is missing.
        case noZipDirectory
        /// The archive goes on in other files.
        case zipSpansFiles
        /// A record of the archive ends after what it must lie in.
        case zipRecordPastEnd(String, offset: UInt64, byteCount: UInt64, available: UInt64)
        /// A record of the archive is not where another one says.
        case zipRecordMissing(String, offset: UInt64)
        /// Two records give one value differently.
        case zipValuesDisagree(String, UInt64, UInt64)
        /// The archive claims more entries than are read, or than its directory has room for.
        case zipEntryCount(UInt64, directoryByteCount: UInt64, limit: Int)
        /// An entry's own header has another name or method than the directory.
        case zipHeaderDiffers(String)
        /// An entry is compressed.
        case compressedZipEntry(String, method: UInt16)
        /// An entry is encrypted.
        case encryptedZipEntry(String)
        /// Two entries have one name.
        case repeatedZipEntry(String)
        /// Two entries have bytes in common.
        case overlappingZipEntries(String, String)
        /// No entry is named `data.pkl`, in one folder or in none.
        case noPickle
        /// Several entries are named `data.pkl`.
        case severalPickles(Int)

        // The pickle.

        /// The pickle ends before it says so.
        case pickleCutShort(offset: Int)
        /// The pickle has more bytes than are read.
        case pickleTooLong(limit: Int)
        /// The pickle has more operations than are carried out.
        case tooManyOperations(limit: Int)
        /// The pickle is of a protocol that is not read.
        case unsupportedPickleProtocol(Int)
        /// An operation is unknown, or one that is not carried out.
        case unknownOpcode(UInt8, offset: Int)
        /// Text or bytes are longer than the rest of the pickle.
        case lengthPastEnd(length: UInt64, available: Int, offset: Int)
        /// An operation takes more values than there are.
        case emptyStack(offset: Int)
        /// A value is recalled that was not remembered.
        case unknownMemo(UInt32, offset: Int)
        /// An operation has come upon another kind of value than it works on.
        case invalidPickle(reason: String, offset: Int)
        /// The pickle names a function that no checkpoint needs and an attack would use.
        case forbiddenGlobal(module: String, name: String, offset: Int)
        /// Two tensors give their common storage different types or sizes.
        case storageRedefined(key: String)

        // What came before the zip archive.

        /// The layout before PyTorch 1.6 has another version than the only one there was.
        case unsupportedLegacyVersion
        /// The list of storages is no list, or names one that no tensor has.
        case invalidStorageKeys
        /// A storage goes on after the file ends; `elementCount` is nil where even that is missing.
        case legacyStoragePastEnd(key: String, elementCount: UInt64?, available: Int)

        // The weights.

        /// What was saved is no dictionary.
        case notADictionary(String)
        /// No dictionary of tensors is where one is looked for.
        case noStateDictionary(keys: [String])
        /// The weights have more entries than are looked at.
        case tooManyEntries(limit: Int)
        /// A tensor's name is longer than any in use.
        case nameTooLong(String, limit: Int)
        /// Two tensors have one name.
        case repeatedName(String)
        /// The storage of a tensor is not in the file.
        case noSuchStorage(tensor: String, key: String)
        /// The storage of a tensor has fewer bytes than its elements take.
        case storageCutShort(
            tensor: String, key: String, elementCount: Int, type: String, available: Int)
        /// A tensor has too many axes, or not a stride for each.
        case axisCount(tensor: String, sizes: Int, strides: Int, limit: Int)
        /// An extent, a stride or the offset of a tensor is negative.
        case negativeExtent(tensor: String, shape: [Int], strides: [Int], offset: Int)
        /// The size of a tensor cannot be counted in 64 bits.
        case sizeOverflow(tensor: String, shape: [Int])
        /// Elements of a tensor are not in its storage.
        case outsideStorage(
            tensor: String, shape: [Int], strides: [Int], offset: Int, available: Int)
        /// A tensor repeats its storage's elements more often than is read.
        case repeatsTooOften(tensor: String, shape: [Int], limit: Int)
        /// The file has no tensor of this name.
        case noSuchTensor(String)
        /// A tensor's elements are not of a type that is read.
        case unsupportedType(tensor: String, type: String)
    }
}

extension PyTorchCheckpointError: CustomStringConvertible {
    /// One line that names the file, what is wrong and what to do.
    public var description: String { "\(shown(path)): \(problem)" }
}
