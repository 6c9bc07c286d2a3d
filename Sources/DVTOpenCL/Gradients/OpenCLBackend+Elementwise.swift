import DVTAutodiff
import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTAutodiff/DifferentiableBackend/reshaped(_:_:)``.
    public func reshaped(_ x: OpenCLTensor, _ shape: Shape) throws -> OpenCLTensor {
        guard shape.elementCount == x.shape.elementCount else {
            throw ShapeError.mismatch(name: "reshaped", expected: shape, actual: x.shape)
        }
        return x.reshaped(shape)
    }

    /// Implements ``/DVTAutodiff/DifferentiableBackend/zeros(_:)``.
    public func zeros(_ shape: Shape) throws -> OpenCLTensor {
        let y = try makeTensor(shape)
        try enqueueElementwise("clear", [.tensor(y)], count: shape.elementCount)
        return y
    }

    /// Implements ``/DVTAutodiff/DifferentiableBackend/sum(_:_:)``.
    public func sum(_ a: OpenCLTensor, _ b: OpenCLTensor) throws -> OpenCLTensor {
        try requireShape("summand", b.shape, a.shape)
        let y = try makeTensor(a.shape)
        try enqueueElementwise(
            "sum_arrays", [.tensor(y), .tensor(a), .tensor(b)], count: a.shape.elementCount)
        return y
    }

    /// Implements ``/DVTAutodiff/DifferentiableBackend/scaled(_:byImage:)``.
    public func scaled(
        _ x: OpenCLTensor, byImage factors: OpenCLTensor
    ) throws -> OpenCLTensor {
        try requireShape("factors", factors.shape, [x.shape[0]])
        let y = try makeTensor(x.shape)
        let width = x.shape.withBatch(1).elementCount
        try enqueueElements(
            "scale_images", in: "elementwise",
            [.tensor(y), .tensor(x), .tensor(factors), .int(x.shape[0]), .int(width)],
            over: [width, x.shape[0]])
        return y
    }

    /// Implements ``/DVTAutodiff/DifferentiableBackend/dropout(_:_:)``.
    public func dropout(_ x: OpenCLTensor, _ mask: DropoutMask) throws -> OpenCLTensor {
        let y = try makeTensor(x.shape)
        try enqueueElementwise(
            "dropout", [.tensor(y), .tensor(x)], count: x.shape.elementCount,
            [
                .int(Int32(bitPattern: mask.seed)), .int(Int32(bitPattern: mask.threshold)),
                .float(mask.factor),
            ])
        return y
    }

    /// Implements ``/DVTAutodiff/DifferentiableBackend/activate(_:_:)``.
    public func activate(
        _ z: OpenCLTensor, _ activation: Activation
    ) throws -> OpenCLTensor {
        let y = try makeTensor(z.shape)
        try enqueueActivation(
            "activate", [.tensor(y), .tensor(z)], activation, count: z.shape.elementCount)
        return y
    }

    /// Implements ``/DVTAutodiff/DifferentiableBackend/activationGradient(_:at:_:)``.
    public func activationGradient(
        _ dy: OpenCLTensor, at z: OpenCLTensor, _ activation: Activation
    ) throws -> OpenCLTensor {
        try requireShape("dy", dy.shape, z.shape)
        let dz = try makeTensor(z.shape)
        try enqueueActivation(
            "activation_gradient", [.tensor(dz), .tensor(dy), .tensor(z)], activation,
            count: z.shape.elementCount)
        return dz
    }

    private func enqueueActivation(
        _ name: String, _ tensors: [KernelArgument], _ activation: Activation, count: Int
    ) throws {
        guard count > 0 else { return }
        let arguments = try tensors + [.int(count), .int(activation.kernelCode)]
        switch kernelStyle {
        case .vector:
            let block = 2048
            let kernel = try kernels.kernel(
                name, in: "elementwise", defines: ["WG=1", "BLOCK=\(block)"])
            try queue.enqueue(
                kernel, arguments: arguments, global: [(count + block - 1) / block], local: [1])
        case .tile:
            try enqueueElements(name, in: "elementwise", arguments, over: [count])
        }
    }

    /// Enqueues a kernel whose arguments are tensors, the count of their elements, and more.
    func enqueueElementwise(
        _ name: String, in file: String = "elementwise", _ tensors: [KernelArgument], count: Int,
        _ rest: [KernelArgument] = []
    ) throws {
        guard count > 0 else { return }
        try enqueueElements(name, in: file, tensors + [.int(count)] + rest, over: [count])
    }
}
