import DVTAutodiff
import DVTCore

/// One operation of ``Backend`` at given sizes: its inputs, how to run it, and its cost.
///
/// Tests, parity and benchmarks share these descriptions, so benchmarks time what tests check.
package protocol Operation: Sendable {
    /// The operation's name, as ``Backend`` spells it.
    var name: String { get }
    /// The sizes in readable form, on one line.
    var sizes: String { get }
    /// The multiply-adds of its matrix products.
    var multiplyAdds: Int { get }
    /// The minimum number of bytes read and written: every input and output once.
    var byteCount: Int { get }

    /// The accepted relative L2 distance from the reference in float32 arithmetic.
    var tolerance: Double { get }

    /// The accepted distance in 16 bits, as a multiple of that of an operation whose output and
    /// hidden layer are rounded.
    var roundings: Double { get }

    /// Copies seeded inputs to a device.
    ///
    /// - Parameter backend: the device.
    /// - Returns: a closure that enqueues the operation once and returns its outputs.
    /// - Throws: the backend's error.
    func prepare<B: DifferentiableBackend>(on backend: B) throws -> () throws -> [B.DeviceTensor]
}

/// An operation of a network.
package protocol NetworkOperation: Operation {
    /// Whether its gradients are more than zeros and rounding errors.
    var hasGradient: Bool { get }

    /// ``Operation/roundings`` of its gradients.
    var gradientRoundings: Double { get }

    /// Copies seeded inputs to a device; see ``Operation``.
    ///
    /// - Parameter backend: the device, or a tape over one.
    /// - Returns: a closure that enqueues the operation once and returns its outputs.
    /// - Throws: the backend's error.
    func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor]
}

extension NetworkOperation {
    /// True for most operations.
    package var hasGradient: Bool { true }

    /// The intermediates of both passes are rounded: measured up to 1.8.
    package var gradientRoundings: Double { 3 }
}

extension Operation {
    /// float32 sums of up to 4,096 products of numbers near 1, in any order, lie within 8e-7 of the
    /// Double sum (measured); 1e-6 leaves some margin for the order of other devices.
    package var tolerance: Double { 1e-6 }

    /// 1 for most operations.
    package var roundings: Double { 1 }

    /// The name and sizes for tables and test reports.
    package var label: String { "\(name) \(sizes)" }

    /// Runs the operation once.
    ///
    /// - Parameter backend: the device.
    /// - Returns: the outputs' values.
    /// - Throws: the backend's error.
    package func run<B: DifferentiableBackend>(on backend: B) throws -> [Tensor] {
        try prepare(on: backend)().map(backend.download)
    }

    /// A seeded input; its name distinguishes it from other inputs of the operation.
    func input(_ name: String, _ shape: Shape, scale: Float = 1, offset: Float = 0) -> Tensor {
        .uniform(shape, name: "\(self.name).\(name)", seed: 7, scale: scale, offset: offset)
    }

    /// A linear layer with weights scaled to make outputs about as large as inputs.
    func linearInput<B: Backend>(
        _ name: String, from inputs: Int, to outputs: Int, hasBias: Bool = true, on backend: B
    ) throws -> B.LinearLayer {
        try backend.makeLinear(
            linearParameters(name, from: inputs, to: outputs, hasBias: hasBias, on: backend))
    }

    /// The parameters of a linear layer; see ``linearInput(_:from:to:hasBias:on:)``.
    func linearParameters<B: Backend>(
        _ name: String, from inputs: Int, to outputs: Int, hasBias: Bool = true, on backend: B
    ) throws -> LinearParameters<B.DeviceTensor> {
        let scale = Float((3 / Double(max(inputs, 1))).squareRoot())
        let weight = input("\(name).weight", [outputs, inputs], scale: scale)
        let bias = hasBias ? input("\(name).bias", [outputs], scale: 0.1) : nil
        return LinearParameters(
            weight: try backend.upload(weight), bias: try bias.map(backend.upload))
    }

    /// The parameters of a LayerNorm.
    func normInput<B: Backend>(
        _ name: String, width: Int, on backend: B
    ) throws -> LayerNormParameters<B.DeviceTensor> {
        LayerNormParameters(
            weight: try backend.upload(input("\(name).weight", [width], scale: 0.1, offset: 1)),
            bias: try backend.upload(input("\(name).bias", [width], scale: 0.1)),
            epsilon: 1e-6)
    }
}

/// The bytes of tensors, for ``Operation/byteCount``.
func byteSum(_ shapes: Shape...) -> Int {
    shapes.reduce(0) { $0 + $1.byteCount }
}
