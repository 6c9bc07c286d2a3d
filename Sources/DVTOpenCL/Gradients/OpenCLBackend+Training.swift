import DVTAutodiff
import DVTCore
import OpenCLRuntime

extension OpenCLBackend: DifferentiableBackend {
    /// Implements ``/DVTAutodiff/DifferentiableBackend/crossEntropy(_:targets:weight:)``.
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

    /// Implements ``/DVTAutodiff/DifferentiableBackend/squaredNorm(_:)``.
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

    /// Implements ``/DVTAutodiff/DifferentiableBackend/adamW(_:gradient:moments:_:)``.
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

    /// Implements ``/DVTAutodiff/DifferentiableBackend/updateAverage(_:with:decay:)``.
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
