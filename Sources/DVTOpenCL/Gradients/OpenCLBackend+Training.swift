import DVTCore
import OpenCL

extension OpenCLBackend: DifferentiableBackend {
    /// Softmax cross-entropy against soft targets.
    ///
    /// - Parameters:
    ///   - logits: `[B, classes]`.
    ///   - targets: `[B, classes]`.
    ///   - weight: the factor of the gradient.
    /// - Returns: the loss of every image `[B]` and the gradient of the logits.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func crossEntropy(
        _ logits: OpenCLTensor, targets: OpenCLTensor, weight: Float
    ) throws -> (losses: OpenCLTensor, gradient: OpenCLTensor) {
        let classes = try confidenceClasses(logits.shape)
        try requireShape("targets", targets.shape, logits.shape)
        let batch = logits.shape[0]
        let losses = try makeTensor([batch])
        let gradient = try makeTensor(logits.shape)
        try enqueueElements(
            "cross_entropy", in: "loss",
            [
                .tensor(losses), .tensor(gradient), .tensor(logits), .tensor(targets),
                .int(batch), .int(classes), .float(weight),
            ], over: [batch])
        return (losses, gradient)
    }

    /// The sum of the squares of all elements of some tensors; waits for it.
    ///
    /// - Parameter tensors: any shapes.
    /// - Returns: the sum.
    /// - Throws: ``/OpenCL/OpenCLError`` if the device fails.
    public func squaredNorm(_ tensors: [OpenCLTensor]) throws -> Double {
        // Each tensor has this many partial sums; the host adds them up.
        let lanes = 256
        let sums = try zeros([tensors.count * lanes])
        for (index, tensor) in tensors.enumerated() where tensor.shape.elementCount > 0 {
            try enqueueElements(
                "sum_squares", in: "column_sums", defines: ["LANES=\(lanes)"],
                [
                    .tensor(sums), .tensor(tensor), .int(tensor.shape.elementCount),
                    .int(index * lanes),
                ], over: [lanes])
        }
        return try download(sums).values.reduce(0) { $0 + Double($1) }
    }

    /// One step of AdamW, in place.
    ///
    /// - Parameters:
    ///   - parameter: w; changes.
    ///   - gradient: its gradient.
    ///   - moments: m and v; change.
    ///   - step: the numbers of the step.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes differ,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func adamW(
        _ parameter: OpenCLTensor, gradient: OpenCLTensor,
        moments: (first: OpenCLTensor, second: OpenCLTensor), _ step: AdamWStep
    ) throws {
        for tensor in [gradient, moments.first, moments.second] {
            try requireShape("gradient and moments", tensor.shape, parameter.shape)
        }
        try enqueueElementwise(
            "adamw", in: "optimizer",
            [
                .tensor(parameter), .tensor(gradient), .tensor(moments.first),
                .tensor(moments.second),
            ], count: parameter.shape.elementCount,
            [
                .float(step.rate), .float(step.betas.first), .float(step.betas.second),
                .float(step.epsilon), .float(step.decay), .float(step.scale),
                .float(step.corrections.first), .float(step.corrections.second),
            ])
        parameter.noteChange()
    }

    /// `average = decay average + (1 - decay) x`, in place.
    ///
    /// - Parameters:
    ///   - average: changes.
    ///   - x: the new value.
    ///   - decay: how much of the old average stays.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes differ,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func updateAverage(
        _ average: OpenCLTensor, with x: OpenCLTensor, decay: Float
    ) throws {
        try requireShape("average", average.shape, x.shape)
        try enqueueElementwise(
            "update_average", in: "optimizer", [.tensor(average), .tensor(x)],
            count: x.shape.elementCount, [.float(decay)])
        average.noteChange()
    }
}
