import DVTCore
import OpenCL

extension OpenCLBackend {
    /// The same elements under another shape; nothing is copied.
    ///
    /// - Parameters:
    ///   - x: a tensor.
    ///   - shape: the new extents.
    /// - Returns: the same memory.
    /// - Throws: ``/DVTCore/ShapeError`` if the sizes differ.
    public func reshaped(_ x: OpenCLTensor, _ shape: Shape) throws -> OpenCLTensor {
        guard shape.elementCount == x.shape.elementCount else {
            throw ShapeError.mismatch(name: "reshaped", expected: shape, actual: x.shape)
        }
        return x.reshaped(shape)
    }

    /// A tensor of zeros.
    ///
    /// - Parameter shape: the extents.
    /// - Returns: a new tensor.
    /// - Throws: ``/OpenCL/OpenCLError`` if the device fails.
    public func zeros(_ shape: Shape) throws -> OpenCLTensor {
        let y = try makeTensor(shape)
        try enqueueElementwise("clear", [.tensor(y)], count: shape.elementCount)
        return y
    }

    /// The sum of two tensors of one shape.
    ///
    /// - Parameters:
    ///   - a: a tensor.
    ///   - b: another of its shape.
    /// - Returns: `a + b`.
    /// - Throws: ``/DVTCore/ShapeError`` if the shapes differ,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func sum(_ a: OpenCLTensor, _ b: OpenCLTensor) throws -> OpenCLTensor {
        try requireShape("summand", b.shape, a.shape)
        let y = try makeTensor(a.shape)
        try enqueueElementwise(
            "sum_arrays", [.tensor(y), .tensor(a), .tensor(b)], count: a.shape.elementCount)
        return y
    }

    /// Each image's elements times a number of its own.
    ///
    /// - Parameters:
    ///   - x: `[B, ...]`.
    ///   - factors: `[B]`.
    /// - Returns: `factors[b] x[b, ...]`.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
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

    /// Inverted dropout.
    ///
    /// - Parameters:
    ///   - x: any shape.
    ///   - mask: which elements stay.
    /// - Returns: the shape of `x`.
    /// - Throws: ``/OpenCL/OpenCLError`` if the device fails.
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

    /// An activation alone.
    ///
    /// - Parameters:
    ///   - z: any shape.
    ///   - activation: the function.
    /// - Returns: `activation(z)`.
    /// - Throws: ``/OpenCL/OpenCLError`` if the device fails.
    public func activate(
        _ z: OpenCLTensor, _ activation: Activation
    ) throws -> OpenCLTensor {
        let y = try makeTensor(z.shape)
        try enqueueActivation(
            "activate", [.tensor(y), .tensor(z)], activation, count: z.shape.elementCount)
        return y
    }

    /// `dy activation'(z)`.
    ///
    /// - Parameters:
    ///   - dy: the gradient of `activation(z)`.
    ///   - z: the activation's input.
    ///   - activation: the function.
    /// - Returns: dz.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
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
