import DVTCore
import DVTSupport

/// A malformed archive of NumPy arrays, or a request for an array that it does not have.
package struct NumPyError: Error, Equatable, Sendable {
    /// The file.
    package let path: String
    /// The problem.
    package let problem: Problem

    /// The problem of a file.
    package enum Problem: Error, Equatable, Sendable {
        /// The zip archive is damaged.
        case archive(PyTorchCheckpointError.Problem)
        /// An entry is not an array.
        case notAnArray(String)
        /// An entry has another size than its array.
        case sizeMismatch(tensor: String, type: String, shape: [Int], needed: Int?, actual: UInt64)
        /// An entry declares more bytes than its compressed ones can become.
        case expandsTooFar(tensor: String, byteCount: UInt64, compressed: Int)
        /// The bytes of an entry do not have its checksum, or cannot be decompressed.
        case damaged(tensor: String)
        /// The elements are not floating-point numbers.
        case unsupportedType(tensor: String, type: String)
        /// A float64 is beyond the range of float32.
        case overflow(tensor: String, value: Double)
        /// There is no array of this name.
        case noSuchTensor(String)
        /// The parameters of the original JAX code are not those of a plain ViT.
        case otherNetwork(sign: String, network: String)
        /// Two parameters that belong together have different shapes.
        case shapesDiffer(String, [Int], String, [Int])
        /// Two parameters have the same name.
        case repeatedName(String)
        /// The blocks' attention differs in its number of heads.
        case headsDiffer(tensor: String, heads: Int, others: Int)
    }
}

extension NumPyError: CustomStringConvertible {
    /// One line with the file, the problem and the remedy.
    package var description: String { "\(shown(path)): \(problem)" }
}

extension NumPyError.Problem: CustomStringConvertible {
    /// The problem, with its values, and the remedy.
    package var description: String { "\(statement); \(remedy)" }

    private var remedy: String {
        switch self {
        case .archive(.compressedZipEntry), .archive(.encryptedZipEntry):
            "save it again with numpy.savez or numpy.savez_compressed"
        case .unsupportedType: "save it as float16, float32 or float64, little-endian"
        case .overflow: Float64Overflow.remedy
        case .noSuchTensor: "check that the checkpoint belongs to this model"
        case .otherNetwork:
            "load it in timm, if timm has the model, and save its state_dict() with torch.save"
        case .headsDiffer: "blocks with different heads are not supported"
        default: "the file is damaged: copy or download it again"
        }
    }

    private var statement: String {
        switch self {
        case .archive(.compressedZipEntry(let name, let method)):
            "\(quoted(name)) is compressed by method \(method), which NumPy does not use"
        case .archive(let problem): problem.zipStatement ?? "the zip archive is damaged"
        case .notAnArray(let name): "\(quoted(name)) has no valid header of a NumPy array"
        case .sizeMismatch(let tensor, let type, let shape, let needed, let actual):
            """
            tensor \(quoted(tensor)) of type \(quoted(type)) and shape \(shown(shape)) needs \
            \(needed.map { "\($0) bytes" } ?? "more bytes than can be addressed"), but has \(actual)
            """
        case .expandsTooFar(let tensor, let byteCount, let compressed):
            """
            tensor \(quoted(tensor)) declares \(byteCount) bytes, more than its \(compressed) \
            compressed ones can become
            """
        case .damaged(let tensor):
            "the bytes of tensor \(quoted(tensor)) do not have the checksum of the archive"
        case .unsupportedType(let tensor, let type):
            "tensor \(quoted(tensor)) has element type \(quoted(type)), which is not supported"
        case .overflow(let tensor, let value): Float64Overflow.statement(tensor, value)
        case .noSuchTensor(let name): "there is no tensor \(quoted(name))"
        case .otherNetwork(let sign, let network):
            "has \(quoted(sign)): it is \(network), which dvt does not read"
        case .shapesDiffer(let first, let shape, let second, let other):
            "\(quoted(first)) has shape \(shown(shape)), and \(quoted(second)) \(shown(other))"
        case .repeatedName(let name): "two tensors are named \(quoted(name))"
        case .headsDiffer(let tensor, let heads, let others):
            "\(quoted(tensor)) has \(heads) heads, and other blocks have \(others)"
        }
    }
}
