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
