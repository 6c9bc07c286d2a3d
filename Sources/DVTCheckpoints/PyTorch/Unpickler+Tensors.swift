extension Unpickler {
    /// The tensor that a PyTorch function creates, or nil for other functions.
    ///
    /// - Parameters:
    ///   - global: the function.
    ///   - arguments: its arguments.
    /// - Returns: the value.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    mutating func tensor(
        _ global: PickleGlobal, _ arguments: [PickleValue]
    ) throws -> PickleValue? {
        switch global.path {
        case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
            try rebuiltTensor(arguments, type: nil)
        case "torch._utils._rebuild_tensor_v3":
            try elementType(arguments.dropFirst(6).first).flatMap { type in
                try rebuiltTensor(arguments, type: type)
            }
        case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
            "torch.nn.parameter.Parameter":
            arguments.first.flatMap { graph.tensor($0) == nil ? nil : $0 }
        default: nil
        }
    }

    /// The tensor of `_rebuild_from_type_v2(function, class, arguments, state)`.
    mutating func subclassTensor(_ arguments: [PickleValue]) throws -> PickleValue? {
        guard arguments.count >= 3, let function = graph.global(arguments[0]),
            let inner = graph.sequence(arguments[2])
        else { return nil }
        return try tensor(function, inner)
    }

    /// The tensor of a storage, an offset, sizes and strides, or nil if the storage is unknown.
    private mutating func rebuiltTensor(
        _ arguments: [PickleValue], type: TorchElementType?
    ) throws -> PickleValue? {
        guard arguments.count >= 4, case .int(let offset) = arguments[1],
            let sizes = try extents(arguments[2]), let strides = try extents(arguments[3])
        else {
            throw invalid("a tensor without an offset, sizes and strides")
        }
        guard case .storage(let storage) = graph.object(arguments[0])?.kind else { return nil }
        let tensor = PickleTensor(
            storage: storage, type: type ?? storage.type, offset: offset, sizes: sizes,
            strides: strides)
        return graph.add(PickleObject(kind: .tensor(tensor)))
    }

    private mutating func extents(_ value: PickleValue) throws -> [Int]? {
        guard let count = graph.sequence(value)?.count else { return nil }
        try charge(count)
        return graph.integers(value)
    }

    private func elementType(_ value: PickleValue?) throws -> TorchElementType? {
        guard let value, let global = graph.global(value), global.module == "torch" else {
            return nil
        }
        return TorchElementType(rawValue: global.name)
    }
}

// Persistent identifiers, which refer to storages outside the pickle.
extension Unpickler {
    /// The storage of a persistent identifier `("storage", class, key, device, elementCount)`; in
    /// the format before PyTorch 1.6 followed by `None` or a view `(key, firstElement,
    /// elementCount)`.
    ///
    /// - Parameter identifier: the identifier.
    /// - Returns: the storage.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    mutating func persistent(_ identifier: PickleValue) throws -> PickleValue {
        guard let fields = graph.sequence(identifier), case .string(let kind) = fields.first else {
            throw invalid("a persistent identifier that is not a tuple")
        }
        // Old files store a module's class with its source code.
        if kind == "module", fields.count > 1 { return fields[1] }
        guard kind == "storage", fields.count >= 5, let global = graph.global(fields[1]),
            case .string(let key) = fields[2],
            key.utf8.count <= PickleGraph.keyByteLimit, case .int(let count) = fields[4], count >= 0
        else {
            throw invalid("a persistent identifier that is not a storage")
        }
        guard let type = TorchElementType(storageClass: global) else { return opaque(global) }
        let storage = PickleStorage(
            key: key, type: type, elementCount: count,
            view: try view(fields.dropFirst(5).first, elementCount: count))
        try register(storage)
        return graph.add(PickleObject(kind: .storage(storage)))
    }

    private func view(_ value: PickleValue?, elementCount: Int) throws -> Range<Int> {
        switch value {
        case nil, PickleValue.none?: return 0..<elementCount
        case .some(let value):
            guard let fields = graph.sequence(value), fields.count == 3,
                case .int(let first) = fields[1], case .int(let count) = fields[2],
                first >= 0, count >= 0, first <= elementCount, count <= elementCount - first
            else {
                throw invalid("a view beyond its storage")
            }
            return first..<first + count
        }
    }

    /// Registers a storage; tensors that share one must state the same type and size.
    private mutating func register(_ storage: PickleStorage) throws {
        guard let known = storages.updateValue(storage, forKey: storage.key) else { return }
        guard known.type == storage.type, known.elementCount == storage.elementCount else {
            throw PyTorchCheckpointError.Problem.storageRedefined(key: storage.key)
        }
    }
}
