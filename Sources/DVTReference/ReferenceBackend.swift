import DVTCore

/// A tensor of the reference backend: host memory, which some operations update in place.
public final class ReferenceTensor: BackendTensor {
    /// The shape.
    public let shape: Shape
    private let storage: Storage

    private final class Storage {
        var values: [Float]

        init(_ values: [Float]) {
            self.values = values
        }
    }

    init(_ shape: Shape, _ values: [Float]) {
        self.shape = shape
        storage = Storage(values)
    }

    private init(_ shape: Shape, sharing tensor: ReferenceTensor) {
        self.shape = shape
        storage = tensor.storage
    }

    /// The elements, row-major.
    var values: [Float] {
        get { storage.values }
        _modify { yield &storage.values }
    }

    /// The same memory under another shape of equal size.
    func reshaped(_ shape: Shape) -> ReferenceTensor {
        ReferenceTensor(shape, sharing: self)
    }
}

/// The reference implementation of all operations, in plain Swift on the CPU.
///
/// Sums are accumulated in Double; the result of each step of an operation, attention logits
/// included, is rounded to float32. Rows run in parallel, which does not affect the results.
public final class ReferenceBackend: Backend {
    /// The name in reports and results.
    public let deviceName = "reference (Swift on the CPU, Double accumulation)"

    private let roundingOfInputs: ((Float) -> Float)?

    /// Whether inputs are rounded.
    var isRounding: Bool { roundingOfInputs != nil }

    /// Creates the backend.
    public init() {
        roundingOfInputs = nil
    }

    /// Creates a backend that computes like any other, from rounded inputs.
    ///
    /// - Parameter rounded: rounds a number to the precision in which another backend stores
    ///   tensors; vectors, such as biases, are not rounded.
    package init(roundingInputs rounded: @escaping (Float) -> Float) {
        roundingOfInputs = rounded
    }

    /// Implements ``/DVTCore/Backend/reserve(batch:)``.
    public func reserve(batch: Int) {}

    /// Implements ``/DVTCore/Backend/releaseMemory()``.
    public func releaseMemory() {}

    /// Implements ``/DVTCore/Backend/finish()``.
    public func finish() {}

    /// Implements ``/DVTCore/Backend/upload(_:)``.
    public func upload(_ tensor: Tensor) -> ReferenceTensor {
        guard let roundingOfInputs, tensor.shape.rank > 1 else {
            return ReferenceTensor(tensor.shape, tensor.values)
        }
        return ReferenceTensor(tensor.shape, tensor.values.map(roundingOfInputs))
    }

    /// Implements ``/DVTCore/Backend/uploadBatch(_:)``.
    public func uploadBatch(_ batch: Tensor) -> ReferenceTensor {
        upload(batch)
    }

    /// Implements ``/DVTCore/Backend/download(_:)``.
    public func download(_ tensor: ReferenceTensor) -> Tensor {
        Tensor(tensor.shape, values: tensor.values)
    }
}
