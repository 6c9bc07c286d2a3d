package import DVTCore

/// A backend that runs a network on another one and remembers how to run back: reverse-mode
/// differentiation.
///
/// A network that is written over ``Backend`` needs nothing to be trained: it runs on the tape, and
/// each operation leaves the step that hands its result's gradient on to its inputs. Operations
/// that are fused for inference are taken apart where what lies between is needed on the way back.
/// What a step needs it keeps; ``backward(from:)`` lets go of it as it goes.
package final class GradientTape<Base: DifferentiableBackend>: Backend {
    /// The tensors of the tape.
    package typealias DeviceTensor = TapeTensor<Base>
    /// The linear layers of the tape.
    package typealias LinearLayer = TapeLinear<Base>
    typealias Step = () throws -> Void

    /// The backend that does the work.
    package let base: Base
    /// What regularizes the network while it trains.
    package var regularization = TapeRegularization()
    /// Whether the gradient ends at the features that a stage reuses, as in the MindSpore model.
    package var stopsReusedFeatures = false
    /// What is uploaded from now on is a parameter; for tests of single operations.
    package var differentiatesUploads = false
    /// What was uploaded while it was.
    package private(set) var uploads: [TapeTensor<Base>] = []
    private var steps: [Step] = []
    var random = TapeRandom(seed: 0)

    /// Creates an empty tape.
    ///
    /// - Parameter base: the backend that does the work.
    package init(_ base: Base) {
        self.base = base
    }

    /// A parameter, whose gradient adds up over all runs until ``TapeTensor/gradient`` is cleared.
    ///
    /// - Parameter value: the parameter.
    /// - Returns: it as the network takes it.
    package func parameter(_ value: Base.DeviceTensor) -> TapeTensor<Base> {
        TapeTensor(value, needsGradient: true)
    }

    /// A tensor that gets no gradient.
    ///
    /// - Parameter value: the tensor.
    /// - Returns: it as the network takes it.
    package func constant(_ value: Base.DeviceTensor) -> TapeTensor<Base> {
        TapeTensor(value, needsGradient: false)
    }

    /// Runs back from results whose gradients are known, and empties the tape.
    ///
    /// - Parameter seeds: results of the tape and their gradients, which add up.
    /// - Throws: the backend's error; the tape is empty then too.
    package func backward(from seeds: [(TapeTensor<Base>, Base.DeviceTensor)]) throws {
        defer { steps = [] }
        for (tensor, gradient) in seeds {
            try tensor.accumulate(gradient, on: base)
        }
        while let step = steps.popLast() {
            try step()
        }
    }

    /// Forgets what was run, without running back.
    package func discard() {
        steps = []
    }

    /// A result, and the step from its gradient to those of its inputs, if any is wanted.
    ///
    /// - Parameters:
    ///   - value: the result.
    ///   - inputs: what it was made of.
    ///   - step: given the result's gradient.
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

    /// The device of the backend below.
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
