import DVTCore
import DVTSupport

/// A checkpoint written by PyTorch's `torch.save`, mapped into memory; tensors are read on demand.
///
/// Both the zip format (PyTorch 1.6 and later) and the legacy format before it are supported. Such
/// a file contains a pickle, a program that Python would run; no code of it is run here. The
/// descriptions of all tensors are validated when the file is opened.
///
/// The weights are the dictionary of tensors at the top level, or under one or two nested keys of
/// `model_state_dict`, `state_dict_ema`, `ema_state_dict`, `model_ema`, `state_dict`, `model`,
/// `module`, `net`, `teacher` and `student`, in this order, or under a key of the caller's.
/// Names of nested dictionaries are joined by dots; values other than tensors are ignored. Other
/// top-level values are ``metadata``.
///
/// - SeeAlso: `torch/serialization.py`, <https://github.com/pytorch/pytorch>.
package final class PyTorchCheckpoint: NamedTensors, Sendable {
    /// The top-level values other than the weights, by key.
    ///
    /// Text is unchanged; numbers, lists, dictionaries and tensors of up to 4096 elements are JSON.
    /// Larger values and objects of classes, such as an optimizer's state, are omitted.
    package let metadata: [String: String]
    /// The shape of every tensor by name, including those of unsupported element types.
    package let shapes: [String: Shape]
    /// The key under which the weights are, or nil if they are the whole file.
    package let weightsKey: String?
    /// Other keys under which the file may have weights.
    package let otherKeys: [String]
    private let layouts: [String: TensorLayout]
    private let file: MappedFile

    /// Opens a file and validates its description of the tensors.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - key: the key of the weights, or nil for the usual ones.
    /// - Throws: ``FileError`` if the file cannot be read, ``PyTorchCheckpointError`` if it is not
    ///   a checkpoint, is damaged, or names a function that only a malicious file would.
    package init(path: String, key: String? = nil) throws {
        let file = try MappedFile(path: path)
        do {
            (layouts, metadata, weightsKey, otherKeys) = try file.withBytes(in: 0..<file.byteCount)
            { bytes in
                let container = try TorchContainer(bytes)
                let weights = try TorchStateDictionary(container, key: key)
                let layouts = try weights.tensors.map { name, tensor in
                    (name, try TensorLayout(tensor, name: name, storages: container.storages))
                }
                let metadata = TorchMetadata(container, in: bytes)
                return (
                    Dictionary(uniqueKeysWithValues: layouts),
                    try metadata.entries(beside: weights.wrapper), weights.wrapper,
                    weights.alternatives
                )
            }
        } catch let problem as PyTorchCheckpointError.Problem {
            throw PyTorchCheckpointError(path: path, problem: problem)
        }
        self.shapes = layouts.mapValues(\.shape)
        self.file = file
    }

    /// The path with which the file was opened.
    package var origin: String { file.path }

    /// The largest relative rounding error of the stored elements: 2^-24, or more if a tensor has
    /// 16-bit elements.
    package var roundoff: Double { HalfFormat.roundoff(of: layouts.values.lazy.map(\.type.half)) }

    /// Reads one tensor, converting float16, bfloat16 and float64 to float32.
    ///
    /// Views, such as transposed or expanded tensors, are gathered into row-major order.
    ///
    /// - Parameter name: the tensor's name in the file.
    /// - Returns: the tensor; NaN and infinity are kept.
    /// - Throws: ``PyTorchCheckpointError`` if there is no such tensor, its element type is not
    ///   supported or a float64 is beyond float32, ``FileError`` if the file has been truncated.
    package func tensor(named name: String) throws -> Tensor {
        guard let layout = layouts[name] else {
            throw PyTorchCheckpointError(path: origin, problem: .noSuchTensor(name))
        }
        do {
            guard let values = try file.withBytes(in: layout.bytes, layout.floats) else {
                throw PyTorchCheckpointError(
                    path: origin,
                    problem: .unsupportedType(tensor: name, type: layout.type.rawValue))
            }
            return Tensor(layout.shape, values: values)
        } catch let overflow as Float64Overflow {
            throw PyTorchCheckpointError(
                path: origin, problem: .overflow(tensor: name, value: overflow.value))
        }
    }

    /// Whether a file's first bytes may be those of a `torch.save` file.
    ///
    /// That includes any zip archive, and tar archives, which PyTorch wrote before 0.1.10 and
    /// ``init(path:)`` rejects.
    ///
    /// - Parameter prefix: the first bytes; 23 are enough, or 262 for a tar archive.
    /// - Returns: whether it may be one.
    package static func recognizes(_ prefix: some Collection<UInt8>) -> Bool {
        Array(prefix.prefix(TorchLayout.leadingByteCount)).withUnsafeBytes {
            TorchLayout($0) != nil
        }
    }
}
