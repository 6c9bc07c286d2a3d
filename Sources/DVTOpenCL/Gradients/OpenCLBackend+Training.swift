import DVTAutodiff
import DVTCore
import OpenCLRuntime

extension OpenCLBackend: DifferentiableBackend {
    package func crossEntropy(
        _ logits: OpenCLTensor, targets: OpenCLTensor, weight: Float
    ) throws -> (losses: OpenCLTensor, gradient: OpenCLTensor) {
        let classes = try confidenceClasses(logits.shape)
        try requireShape("targets", targets.shape, logits.shape)
        let batch = logits.shape[0]
        let losses = try makeTensor([batch])
        let gradient = try makeTensor(logits.shape)
        try enqueue(
            KernelCall(
                "cross_entropy", in: "loss",
                [
                    "losses": .tensor(losses), "gradient": .tensor(gradient),
                    "logits": .tensor(logits), "targets": .tensor(targets), "batch": .int(batch),
                    "classes": .int(classes), "weight": .float(weight),
                ], over: .elements(batch)))
        return (losses, gradient)
    }

    package func squaredNorm(_ tensors: [OpenCLTensor]) throws -> Double {
        // The partial sums of a tensor; the host sums them.
        let lanes = 256
        let sums = try zeros([tensors.count * lanes])
        for (index, tensor) in tensors.enumerated() where tensor.shape.elementCount > 0 {
            try enqueue(
                KernelCall(
                    "sum_squares", in: "column_sums", macros: ["LANES=\(lanes)"],
                    [
                        "sums": .tensor(sums), "x": .tensor(tensor),
                        "count": .int(tensor.shape.elementCount), "first": .int(index * lanes),
                    ], over: .elements(lanes)))
        }
        return try download(sums).values.reduce(0) { $0 + Double($1) }
    }

    package func adamW(
        _ parameter: OpenCLTensor, gradient: OpenCLTensor,
        moments: (first: OpenCLTensor, second: OpenCLTensor), _ step: AdamWStep
    ) throws {
        for tensor in [gradient, moments.first, moments.second] {
            try requireShape("gradient and moments", tensor.shape, parameter.shape)
        }
        try enqueueElementwise(
            "adamw", in: "optimizer",
            [
                "parameter": .tensor(parameter), "gradient": .tensor(gradient),
                "first": .tensor(moments.first), "second": .tensor(moments.second),
            ], count: parameter.shape.elementCount,
            [
                "rate": .float(step.rate), "b1": .float(step.betas.first),
                "b2": .float(step.betas.second), "epsilon": .float(step.epsilon),
                "decay": .float(step.decay), "scale": .float(step.scale),
                "c1": .float(step.corrections.first), "c2": .float(step.corrections.second),
            ])
        parameter.noteChange()
    }

    package func updateAverage(
        _ average: OpenCLTensor, with x: OpenCLTensor, decay: Float
    ) throws {
        try requireShape("average", average.shape, x.shape)
        try enqueueElementwise(
            "update_average", in: "optimizer", ["average": .tensor(average), "x": .tensor(x)],
            count: x.shape.elementCount, ["decay": .float(decay)])
        average.noteChange()
    }
}
