internal import DVTCore

/// Provides the parameters of one stage's modules as they are built.
///
/// A module declares each parameter here, once: name, shape and role.
struct ParameterBuilder<B: Backend> {
    let backend: B
    private let stage: Int
    private let prefix: String
    private let make: (ParameterSpecification) throws -> B.DeviceTensor

    /// Creates a builder.
    ///
    /// - Parameters:
    ///   - stage: the stage, from 0.
    ///   - backend: the device.
    ///   - make: returns the tensor of a parameter.
    init(
        stage: Int, backend: B, make: @escaping (ParameterSpecification) throws -> B.DeviceTensor
    ) {
        self.init(stage: stage, backend: backend, prefix: "", make: make)
    }

    private init(
        stage: Int, backend: B, prefix: String,
        make: @escaping (ParameterSpecification) throws -> B.DeviceTensor
    ) {
        self.stage = stage
        self.backend = backend
        self.prefix = prefix
        self.make = make
    }

    /// The builder of a submodule.
    func scoped(_ name: String) -> Self {
        Self(stage: stage, backend: backend, prefix: "\(prefix)\(name).", make: make)
    }

    /// Declares one parameter.
    func tensor(_ name: String, _ shape: Shape, _ role: ParameterRole) throws -> B.DeviceTensor {
        try make(
            ParameterSpecification(stage: stage, name: prefix + name, shape: shape, role: role))
    }

    /// A linear layer: weight `[outputs, inputs]` and bias `[outputs]`.
    func linear(
        _ name: String, from inputs: Int, to outputs: Int, hasBias: Bool = true,
        weight role: ParameterRole = .weight
    ) throws -> B.LinearLayer {
        try backend.makeLinear(
            linearParameters(name, [outputs, inputs], hasBias: hasBias, weight: role))
    }

    /// A convolution: weight `[outputs, inputs, kernel, kernel]` and bias `[outputs]`.
    func convolution(
        _ name: String, from inputs: Int, to outputs: Int, kernel: Int
    ) throws -> B.LinearLayer {
        try backend.makeLinear(linearParameters(name, [outputs, inputs, kernel, kernel]))
    }

    /// The parameters of a linear layer or convolution within a larger layer.
    func linearParameters(
        _ name: String, _ shape: Shape, hasBias: Bool = true, weight role: ParameterRole = .weight
    ) throws -> LinearParameters<B.DeviceTensor> {
        LinearParameters(
            weight: try tensor("\(name).weight", shape, role),
            bias: hasBias
                ? try tensor("\(name).bias", [shape[0]], role.isHead ? .headBias : .bias) : nil)
    }

    /// A LayerNorm: scale and shift, `[width]`.
    func norm(
        _ name: String, _ width: Int, epsilon: Float
    ) throws -> LayerNormParameters<B.DeviceTensor> {
        LayerNormParameters(
            weight: try tensor("\(name).weight", [width], .normScale),
            bias: try tensor("\(name).bias", [width], .normShift), epsilon: epsilon)
    }
}
