import DVTAutodiff
import DVTCore

/// The gradients of an operation's inputs, for seeded gradients of its outputs.
package struct GradientOperation: Operation {
    private let operation: any NetworkOperation

    /// Describes the backward pass of an operation.
    ///
    /// - Parameter operation: the operation; at least one of its inputs gets a gradient.
    package init(_ operation: any NetworkOperation) {
        self.operation = operation
    }

    package var name: String { "\(operation.name)Gradient" }
    package var sizes: String { operation.sizes }
    /// The backward pass costs two GEMMs per GEMM of the forward pass.
    package var multiplyAdds: Int { 3 * operation.multiplyAdds }
    package var byteCount: Int { 3 * operation.byteCount }
    /// Covers the errors of the forward pass, and sums over all rows: up to 66,000.
    package var tolerance: Double { 6 * operation.tolerance }
    package var roundings: Double { operation.gradientRoundings }

    package func prepare<B: DifferentiableBackend>(
        on backend: B
    ) throws -> () throws -> [B.DeviceTensor] {
        let run = try prepareRun(on: backend)
        return { try run.gradients().compactMap { $0 } }
    }

    /// Copies the inputs to a device.
    ///
    /// - Parameter backend: the device.
    /// - Returns: the run, forward and backward.
    /// - Throws: the backend's error.
    package func prepareRun<B: DifferentiableBackend>(
        on backend: B
    ) throws -> GradientRun<B> {
        let tape = GradientTape(backend)
        tape.differentiatesUploads = true
        let forward = try operation.prepare(on: tape)
        return GradientRun(tape: tape, inputs: tape.uploads, forward: forward) { index, shape in
            try backend.upload(input("output\(index)", shape))
        }
    }
}

/// An operation on a tape, with its inputs.
package final class GradientRun<B: DifferentiableBackend> {
    /// The uploaded inputs.
    package let inputs: [TapeTensor<B>]
    private let tape: GradientTape<B>
    private let forward: () throws -> [TapeTensor<B>]
    private let makeSeed: (Int, Shape) throws -> B.DeviceTensor
    private var seeds: [B.DeviceTensor] = []

    init(
        tape: GradientTape<B>, inputs: [TapeTensor<B>],
        forward: @escaping () throws -> [TapeTensor<B>],
        makeSeed: @escaping (Int, Shape) throws -> B.DeviceTensor
    ) {
        self.tape = tape
        self.inputs = inputs
        self.forward = forward
        self.makeSeed = makeSeed
    }

    /// The outputs and their seeded gradients, without a backward pass.
    ///
    /// - Returns: outputs and gradients, in order.
    /// - Throws: the backend's error.
    package func outputs() throws -> [(value: B.DeviceTensor, gradient: B.DeviceTensor)] {
        defer { tape.discard() }
        return try seeded(forward()).map { ($0.0.value, $0.1) }
    }

    /// Runs forward and backward.
    ///
    /// - Returns: each input's gradient; nil if it has none or is an output store.
    /// - Throws: the backend's error.
    package func gradients() throws -> [B.DeviceTensor?] {
        for input in inputs { input.clearGradient() }
        try tape.backward(from: seeded(forward()))
        return inputs.map { $0.isWritten ? nil : $0.gradient }
    }

    private func seeded(
        _ outputs: [TapeTensor<B>]
    ) throws -> [(TapeTensor<B>, B.DeviceTensor)] {
        if seeds.isEmpty {
            seeds = try outputs.enumerated().map { try makeSeed($0.offset, $0.element.shape) }
        }
        return Array(zip(outputs, seeds))
    }
}
