import DVTAutodiff
import DVTCore
import OpenCLRuntime

extension OpenCLBackend: DifferentiableBackend {
    package func uploadFloat32(_ tensor: Tensor) throws -> OpenCLTensor {
        try write(tensor, to: makeScratch(tensor.shape, .float32))
    }

    package func rounded(_ x: OpenCLTensor) throws -> OpenCLTensor {
        guard x.precision != parameterPrecision(x.shape) else { return x }
        let y = try makeScratch(x.shape)
        try enqueueElementwise(
            "round_elements", ["y": .tensor(y), "x": .float32(x)], count: x.shape.elementCount)
        return y
    }

    package func crossEntropy(
        _ logits: OpenCLTensor, targets: OpenCLTensor, weight: Float
    ) throws -> (losses: OpenCLTensor, gradient: OpenCLTensor) {
        let classes = try confidenceClasses(logits.shape)
        try requireShape("targets", targets.shape, logits.shape)
        let batch = logits.shape[0]
        let losses = try makeTensor([batch], .float32)
        let gradient = try makeTensor(logits.shape)
        try enqueue(
            KernelCall(
                "cross_entropy", in: "loss",
                [
                    "losses": .float32(losses), "gradient": .tensor(gradient),
                    "logits": .float32(logits), "targets": .float32(targets), "batch": .int(batch),
                    "classes": .int(classes), "weight": .float(weight),
                ], over: .elements(batch)))
        return (losses, gradient)
    }

    package func squaredNorm(_ tensors: [OpenCLTensor]) throws -> Double {
        // The partial sums of a tensor; the host sums them.
        let lanes = 256
        let sums = try zeros([tensors.count * lanes], .float32)
        for (index, tensor) in tensors.enumerated() where tensor.shape.elementCount > 0 {
            try enqueue(
                KernelCall(
                    "sum_squares", in: "column_sums", macros: ["LANES=\(lanes)"],
                    [
                        "sums": .float32(sums), "x": .float32(tensor),
                        "count": .int(tensor.shape.elementCount), "first": .int(index * lanes),
                    ], over: .elements(lanes)))
        }
        return try download(sums).values.reduce(0) { $0 + Double($1) }
    }

    package func adamW(
        _ parameter: OpenCLTensor, roundedTo copy: OpenCLTensor, gradient: OpenCLTensor,
        moments: (first: OpenCLTensor, second: OpenCLTensor), _ step: AdamWStep
    ) throws {
        for tensor in [copy, gradient, moments.first, moments.second] {
            try requireShape("gradient and moments", tensor.shape, parameter.shape)
        }
        try enqueueElementwise(
            "adamw", in: "optimizer",
            [
                "parameter": .float32(parameter),
                "copy": copy === parameter ? .none : .tensor(copy),
                "gradient": .float32(gradient), "first": .float32(moments.first),
                "second": .float32(moments.second),
            ], count: parameter.shape.elementCount,
            [
                "rate": .float(step.rate), "b1": .float(step.betas.first),
                "b2": .float(step.betas.second), "epsilon": .float(step.epsilon),
                "decay": .float(step.decay), "scale": .float(step.scale),
                "c1": .float(step.corrections.first), "c2": .float(step.corrections.second),
            ])
        parameter.noteChange()
        copy.noteChange()
    }

    package func updateAverage(
        _ average: OpenCLTensor, with x: OpenCLTensor, decay: Float
    ) throws {
        try requireShape("average", average.shape, x.shape)
        try enqueueElementwise(
            "update_average", in: "optimizer", ["average": .float32(average), "x": .float32(x)],
            count: x.shape.elementCount, ["decay": .float(decay)])
        average.noteChange()
    }
}
