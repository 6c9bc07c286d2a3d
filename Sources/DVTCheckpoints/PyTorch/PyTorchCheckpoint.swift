import DVTCore
import DVTSupport

/// A checkpoint that PyTorch's `torch.save` wrote, mapped into memory; tensors are read when they
/// are asked for.
///
/// Files of the zip layout (PyTorch 1.6 and later) and of the one before it are read. Such a file
/// holds a program that Python would run; here nothing in it can be run, and what it says about its
/// tensors is checked when the file is opened, so that every element is known to be there.
///
/// The weights are the dictionary of tensors at the top, or under `model_state_dict`,
/// `state_dict_ema`, `state_dict`, `model`, `model_ema`, `module` or `net`, once or twice. The
/// names of dictionaries within it are joined by dots; what is no tensor in it is passed over. What
/// stands beside the weights is ``metadata``.
///
/// - SeeAlso: `torch/serialization.py`, <https://github.com/pytorch/pytorch>.
public final class PyTorchCheckpoint: NamedTensors, Sendable {
    /// What stands beside the weights, by its key at the top of what was saved.
    ///
    /// Text is as it is; numbers, lists, dictionaries and tensors of up to 4096 elements are JSON.
    /// What is larger or an object of a class, such as an optimizer's state, is left out.
    public let metadata: [String: String]
    /// The shape of every tensor by name, also of those whose type is not read.
    public let shapes: [String: Shape]
    private let layouts: [String: TensorLayout]
    private let file: MappedFile

    /// Opens a file and checks what it says about its tensors.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``FileError`` if the file cannot be read and ``PyTorchCheckpointError``
    ///   if it is not a checkpoint, is damaged, or names what only harm could be meant by.
    public init(path: String) throws {
        let file = try MappedFile(path: path)
        do {
            (layouts, metadata) = try file.withBytes(in: 0..<file.byteCount) { bytes in
                let container = try TorchContainer(bytes)
                let weights = try TorchStateDictionary(container)
                let layouts = try weights.tensors.map { name, tensor in
                    (name, try TensorLayout(tensor, name: name, storages: container.storages))
                }
                let metadata = TorchMetadata(container, in: bytes)
                return (
                    Dictionary(uniqueKeysWithValues: layouts),
                    try metadata.entries(beside: weights.wrapper)
                )
            }
        } catch let problem as PyTorchCheckpointError.Problem {
            throw PyTorchCheckpointError(path: path, problem: problem)
        }
        self.shapes = layouts.mapValues(\.shape)
        self.file = file
    }

    /// The path the file was opened by.
    public var origin: String { file.path }

    /// How far storing may have moved a number: 2^-24, or more where a tensor is of 16 bits.
    public var roundoff: Double { HalfFormat.roundoff(of: layouts.values.lazy.map(\.type.half)) }

    /// Reads one tensor, converting float16, bfloat16 and float64 to float32.
    ///
    /// A view, for example a transposed or an expanded tensor, is gathered into its own order.
    ///
    /// - Parameter name: the tensor's name, as the file spells it.
    /// - Returns: the tensor; NaN and infinity are kept.
    /// - Throws: ``PyTorchCheckpointError`` if there is no such tensor or its elements are of
    ///   another type, ``FileError`` if the file was cut short meanwhile.
    public func tensor(named name: String) throws -> Tensor {
        guard let layout = layouts[name] else {
            throw PyTorchCheckpointError(path: origin, problem: .noSuchTensor(name))
        }
        guard let values = try file.withBytes(in: layout.bytes, layout.floats) else {
            throw PyTorchCheckpointError(
                path: origin, problem: .unsupportedType(tensor: name, type: layout.type.rawValue))
        }
        return Tensor(layout.shape, values: values)
    }

    /// Whether a file begins as one of `torch.save`.
    ///
    /// Any zip archive is taken for one; and so is a tar archive, as PyTorch wrote before 0.1.10,
    /// which ``init(path:)`` refuses with the reason.
    ///
    /// - Parameter prefix: the first bytes of the file; 23 are enough, and 262 for a tar archive.
    /// - Returns: whether it may be one.
    package static func recognizes(_ prefix: some Collection<UInt8>) -> Bool {
        Array(prefix.prefix(TorchLayout.leadingByteCount)).withUnsafeBytes {
            TorchLayout($0) != nil
        }
    }
}
