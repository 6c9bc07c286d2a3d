import DVTCore

/// The parameters of one stage on a device, by name; modules look up their own.
struct ModelParameters<DeviceTensor> {
    private let tensors: [String: DeviceTensor]
    private let prefix: String

    /// Creates the lookup.
    ///
    /// - Parameter tensors: every parameter of one stage by its name in ``ParameterSpecification``.
    init(_ tensors: [String: DeviceTensor]) {
        self.init(tensors, prefix: "")
    }

    private init(_ tensors: [String: DeviceTensor], prefix: String) {
        self.tensors = tensors
        self.prefix = prefix
    }

    /// The parameters below a name, for example one block's.
    func scoped(_ name: String) -> Self {
        Self(tensors, prefix: "\(prefix)\(name).")
    }

    /// A parameter that the specification lists.
    subscript(_ name: String) -> DeviceTensor {
        guard let tensor = tensors[prefix + name] else {
            preconditionFailure("the specification does not list \(prefix + name)")
        }
        return tensor
    }

    /// A linear map; its bias is nil where the specification lists none.
    func linear(_ name: String) -> LinearParameters<DeviceTensor> {
        LinearParameters(weight: self["\(name).weight"], bias: tensors["\(prefix)\(name).bias"])
    }

    /// A LayerNorm.
    func norm(_ name: String, epsilon: Float) -> LayerNormParameters<DeviceTensor> {
        LayerNormParameters(
            weight: self["\(name).weight"], bias: self["\(name).bias"], epsilon: epsilon)
    }
}

extension CascadeConfiguration {
    /// Copies every parameter to a device.
    ///
    /// - Parameters:
    ///   - source: where the parameters come from.
    ///   - backend: the device.
    /// - Returns: the parameters of every stage.
    /// - Throws: the source's or the backend's error, ``ModelError`` if a parameter does not fit.
    func load<B: Backend>(
        from source: some ParameterSource, to backend: B
    ) throws -> [ModelParameters<B.DeviceTensor>] {
        try source.check(self)
        var tensors = [[String: B.DeviceTensor]](repeating: [:], count: stages.count)
        for parameter in parameters {
            let tensor = try source.tensor(parameter, of: self)
            try requireShape(parameter.name, tensor.shape, parameter.shape)
            tensors[parameter.stage][parameter.name] = try backend.upload(tensor)
        }
        return tensors.map { ModelParameters($0) }
    }
}
