package import DVTCore

/// Reverse-mode differentiation: a backend that runs a network on another backend and records the
/// steps of the backward pass.
///
/// A network written for ``Backend`` can be trained unchanged: it runs on the tape, and each
/// operation records a step that computes the gradients of its inputs from that of its result.
/// Operations that are fused for inference are split if the backward pass needs their
/// intermediates. Recorded steps retain the tensors they need; ``backward(from:)`` releases them.
package final class GradientTape<Base: DifferentiableBackend>: Backend {
    /// The tensors of the tape.
    package typealias DeviceTensor = TapeTensor<Base>
    /// The linear layers of the tape.
    package typealias LinearLayer = TapeLinear<Base>
    typealias Step = () throws -> Void

    /// The backend that runs the operations.
    package let base: Base
    /// The regularization during training.
    package var regularization = TapeRegularization()
    /// Whether gradients stop at the features that a stage reuses, as in the MindSpore model.
    package var stopsReusedFeatures = false
    /// Whether uploaded tensors become parameters, for tests of single operations.
    package var differentiatesUploads = false
    /// The tensors uploaded while ``differentiatesUploads`` was true.
    package private(set) var uploads: [TapeTensor<Base>] = []
    private var steps: [Step] = []
    var random = TapeRandom(seed: 0)

    /// Creates an empty tape.
    ///
    /// - Parameter base: the backend that runs the operations.
    package init(_ base: Base) {
        self.base = base
    }

    /// Creates a parameter, whose gradient accumulates over all runs until
    /// ``TapeTensor/clearGradient()``.
    ///
    /// - Parameter value: the parameter.
    /// - Returns: the parameter on the tape.
    package func parameter(_ value: Base.DeviceTensor) -> TapeTensor<Base> {
        TapeTensor(value, needsGradient: true)
    }

    /// Creates a tensor without a gradient.
    ///
    /// - Parameter value: the tensor.
    /// - Returns: the tensor on the tape.
    package func constant(_ value: Base.DeviceTensor) -> TapeTensor<Base> {
        TapeTensor(value, needsGradient: false)
    }

    /// Runs the backward pass from results with known gradients, and clears the tape.
    ///
    /// - Parameter seeds: results of the tape and their gradients; those of the same result add up.
    /// - Throws: the backend's error; the tape is cleared in this case too.
    package func backward(from seeds: [(TapeTensor<Base>, Base.DeviceTensor)]) throws {
        defer { steps = [] }
        for (tensor, gradient) in seeds {
            try tensor.accumulate(gradient, on: base)
        }
        while let step = steps.popLast() {
            try step()
        }
    }

    /// Clears the tape without a backward pass.
    package func discard() {
        steps = []
    }

    /// Records the backward step of a result if an input needs a gradient.
    ///
    /// - Parameters:
    ///   - value: the result.
    ///   - inputs: the tensors it was computed from.
    ///   - step: receives the gradient of the result.
    /// - Returns: the result on the tape.
    func record(
        _ value: Base.DeviceTensor, from inputs: [TapeTensor<Base>?],
        _ step: @escaping (Base.DeviceTensor) throws -> Void
    ) -> TapeTensor<Base> {
        let result = TapeTensor<Base>(
            value, needsGradient: inputs.contains { $0?.needsGradient == true })
        if result.needsGradient {
            append {
                guard let gradient = result.gradient else { return }
                result.gradient = nil
                try step(gradient)
            }
        }
        return result
    }

    func append(_ step: @escaping Step) {
        steps.append(step)
    }

    // MARK: Memory

    /// The device name of the base backend.
    package var deviceName: String { base.deviceName }

    package func reserve(batch: Int) {
        base.reserve(batch: batch)
    }

    package func releaseMemory() {
        base.releaseMemory()
    }

    package func finish() throws {
        try base.finish()
    }

    package func upload(_ tensor: Tensor) throws -> TapeTensor<Base> {
        let copy = TapeTensor<Base>(
            try base.upload(tensor), needsGradient: differentiatesUploads)
        if differentiatesUploads {
            uploads.append(copy)
        }
        return copy
    }

    package func uploadBatch(_ batch: Tensor) throws -> TapeTensor<Base> {
        TapeTensor(try base.uploadBatch(batch), needsGradient: false)
    }

    package func download(_ tensor: TapeTensor<Base>) throws -> Tensor {
        try base.download(tensor.value)
    }
}
