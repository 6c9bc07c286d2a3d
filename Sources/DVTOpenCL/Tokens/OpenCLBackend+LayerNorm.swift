import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/layerNorm(_:appending:_:)``.
    public func layerNorm(
        _ x: OpenCLTensor, appending features: OpenCLTensor?,
        _ parameters: LayerNormParameters<OpenCLTensor>
    ) throws -> OpenCLTensor {
        let sizes = try LayerNormSizes(
            x: x.shape, features: features?.shape, weight: parameters.weight.shape,
            bias: parameters.bias.shape)
        let y = try makeTensor(sizes.outputShape)
        try enqueue(
            KernelCall(
                "layernorm_forward", in: "layernorm",
                [
                    "y": .tensor(y), "x": .tensor(x), "features": .tensor(features),
                    "weight": .float32(parameters.weight), "bias": .float32(parameters.bias),
                    "width": .int(sizes.width), "appended": .int(sizes.appended),
                    "epsilon": .float(parameters.epsilon),
                ], over: .rows(sizes.rows, items: kernelStyle == .vector ? 1 : 64)))
        return y
    }
}
