import DVTCore

/// The validated position of a tensor's elements in a file.
struct TensorLayout: Sendable {
    /// The maximum number of elements of a tensor that repeats its storage's elements (an expanded
    /// one): a file of a few bytes could require any amount of memory.
    static let repeatedElementLimit = 1 << 24
    /// The maximum number of axes.
    static let rankLimit = 64

    /// The type of the elements.
    let type: TorchElementType
    /// The extents.
    let shape: Shape
    /// The bytes from the first element to the last, in the file.
    let bytes: Range<Int>
    /// The stride of each axis, in elements.
    let strides: [Int]

    /// Validates a pickle's description of a tensor.
    ///
    /// - Parameters:
    ///   - tensor: the description.
    ///   - name: the tensor's name, for error messages.
    ///   - storages: the bytes of each storage in the file.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    init(_ tensor: PickleTensor, name: String, storages: [String: Range<Int>]) throws {
        let storage = try Self.viewedBytes(of: tensor.storage, name: name, storages)
        let (sizes, type) = (tensor.sizes, tensor.type)
        let count = try Self.elementCount(of: tensor, name: name)
        let available = storage.count / type.byteCount
        guard count <= max(available, Self.repeatedElementLimit) else {
            throw PyTorchCheckpointError.Problem.repeatsTooOften(
                tensor: name, shape: sizes, limit: Self.repeatedElementLimit)
        }
        let span = count == 0 ? 0 : try Self.span(of: tensor, available: available, name: name)
        let first = count == 0 ? 0 : tensor.offset
        let start = storage.lowerBound + first * type.byteCount
        self.type = type
        self.shape = Shape(sizes)
        self.strides = tensor.strides
        self.bytes = start..<start + span * type.byteCount
    }

    /// Creates the layout of a contiguous array, or nil if its size is not `byteCount`.
    ///
    /// - Parameters:
    ///   - type: the type of the elements.
    ///   - sizes: the extents.
    ///   - isFortranOrder: whether the first axis is the innermost.
    ///   - byteCount: the number of bytes.
    init?(dense type: TorchElementType, sizes: [Int], isFortranOrder: Bool, byteCount: Int) {
        let inner = isFortranOrder ? sizes : sizes.reversed()
        var (strides, count): ([Int], Int) = ([], 1)
        for size in inner {
            strides.append(count)
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow else { return nil }
            count = product
        }
        let (needed, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
        guard !overflow, needed == byteCount, count > 0 || sizes.count == 1 else { return nil }
        self.type = type
        self.shape = Shape(sizes)
        self.strides = isFortranOrder ? strides : strides.reversed()
        self.bytes = 0..<byteCount
    }

    private static func viewedBytes(
        of storage: PickleStorage, name: String, _ storages: [String: Range<Int>]
    ) throws -> Range<Int> {
        guard let bytes = storages[storage.key] else {
            throw PyTorchCheckpointError.Problem.noSuchStorage(tensor: name, key: storage.key)
        }
        let size = storage.type.byteCount
        let (needed, overflow) = storage.elementCount.multipliedReportingOverflow(by: size)
        guard !overflow, needed <= bytes.count else {
            throw PyTorchCheckpointError.Problem.storageCutShort(
                tensor: name, key: storage.key, elementCount: storage.elementCount,
                type: storage.type.rawValue, available: bytes.count)
        }
        let start = bytes.lowerBound + storage.view.lowerBound * size
        return start..<start + storage.view.count * size
    }

    private static func elementCount(of tensor: PickleTensor, name: String) throws -> Int {
        guard tensor.sizes.count <= rankLimit, tensor.sizes.count == tensor.strides.count else {
            throw PyTorchCheckpointError.Problem.axisCount(
                tensor: name, sizes: tensor.sizes.count, strides: tensor.strides.count,
                limit: rankLimit)
        }
        guard (tensor.sizes + tensor.strides + [tensor.offset]).allSatisfy({ $0 >= 0 }) else {
            throw PyTorchCheckpointError.Problem.negativeExtent(
                tensor: name, shape: tensor.sizes, strides: tensor.strides, offset: tensor.offset)
        }
        // An overflow is an error even if a later extent is 0: `Shape` multiplies in this order.
        return try tensor.sizes.reduce(1) { count, size in
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow else {
                throw PyTorchCheckpointError.Problem.sizeOverflow(tensor: name, shape: tensor.sizes)
            }
            return product
        }
    }

    /// The number of elements from the first that is used to the last.
    private static func span(
        of tensor: PickleTensor, available: Int, name: String
    ) throws -> Int {
        let outside = PyTorchCheckpointError.Problem.outsideStorage(
            tensor: name, shape: tensor.sizes, strides: tensor.strides, offset: tensor.offset,
            available: available)
        var last = 0
        for (size, stride) in zip(tensor.sizes, tensor.strides) {
            let (distance, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
            let (sum, carry) = last.addingReportingOverflow(distance)
            guard !overflow, !carry else { throw outside }
            last = sum
        }
        guard tensor.offset < available, last < available - tensor.offset else { throw outside }
        return last + 1
    }
}
