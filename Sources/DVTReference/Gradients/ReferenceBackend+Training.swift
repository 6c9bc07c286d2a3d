import DVTAutodiff
import DVTCore
import Glibc

extension ReferenceBackend: DifferentiableBackend {
    package func uploadFloat32(_ tensor: Tensor) -> ReferenceTensor {
        ReferenceTensor(tensor.shape, tensor.values)
    }

    package func paddedRelations(_ relations: ReferenceTensor) -> ReferenceTensor { relations }

    package func rounded(_ x: ReferenceTensor) -> ReferenceTensor {
        isRounding && x.shape.rank > 1 ? upload(download(x)) : x
    }

    package func crossEntropy(
        _ logits: ReferenceTensor, targets: ReferenceTensor, weight: Float
    ) throws -> (losses: ReferenceTensor, gradient: ReferenceTensor) {
        let classes = try confidenceClasses(logits.shape)
        try requireShape("targets", targets.shape, logits.shape)
        var losses: [Float] = []
        var gradient: [Float] = []
        for image in 0..<logits.shape[0] {
            let row = logits.values[image * classes..<(image + 1) * classes]
            let wanted = targets.values[image * classes..<(image + 1) * classes].map(Double.init)
            let probabilities = softmax(row)
            let largest = Double(row.max() ?? 0)
            let logSum = log(row.reduce(0) { $0 + exp(Double($1) - largest) }) + largest
            losses.append(Float(zip(wanted, row).reduce(0) { $0 + $1.0 * (logSum - Double($1.1)) }))
            let total = wanted.reduce(0, +)
            gradient += zip(probabilities, wanted).map {
                Float(Double(weight) * ($0 * total - $1))
            }
        }
        return (
            ReferenceTensor([logits.shape[0]], losses), ReferenceTensor(logits.shape, gradient)
        )
    }

    package func squaredNorm(_ tensors: [ReferenceTensor]) -> Double {
        tensors.reduce(0) { $0 + dot($1.values, 0, $1.values, 0, count: $1.values.count) }
    }

    package func adamW(
        _ parameter: ReferenceTensor, roundedTo copy: ReferenceTensor, gradient: ReferenceTensor,
        moments: (first: ReferenceTensor, second: ReferenceTensor), _ step: AdamWStep
    ) throws {
        for tensor in [gradient, moments.first, moments.second] {
            try requireShape("gradient and moments", tensor.shape, parameter.shape)
        }
        let (b1, b2) = (Double(step.betas.first), Double(step.betas.second))
        let (rate, decay) = (Double(step.rate), Double(step.decay))
        for index in parameter.values.indices {
            let g = Double(step.scale) * Double(gradient.values[index])
            let m = b1 * Double(moments.first.values[index]) + (1 - b1) * g
            let v = b2 * Double(moments.second.values[index]) + (1 - b2) * g * g
            moments.first.values[index] = Float(m)
            moments.second.values[index] = Float(v)
            let change =
                m / Double(step.corrections.first)
                / ((v / Double(step.corrections.second)).squareRoot() + Double(step.epsilon))
            let w = Double(parameter.values[index])
            parameter.values[index] = Float(w * (1 - rate * decay) - rate * change)
        }
        if copy !== parameter { copy.values = rounded(parameter).values }
    }

    package func updateAverage(
        _ average: ReferenceTensor, with x: ReferenceTensor, decay: Float
    ) throws {
        try requireShape("average", average.shape, x.shape)
        for index in x.values.indices {
            let (old, new) = (Double(average.values[index]), Double(x.values[index]))
            average.values[index] = Float(Double(decay) * old + (1 - Double(decay)) * new)
        }
    }
}
