import DVTAutodiff
import DVTCore
import DVTSupport
import OpenCLRuntime

extension OpenCLBackend {
    package func reshaped(_ x: OpenCLTensor, _ shape: Shape) throws -> OpenCLTensor {
        guard shape.elementCount == x.shape.elementCount else {
            throw ShapeError.mismatch(name: "reshaped", expected: shape, actual: x.shape)
        }
        return try withoutPadding(x).reshaped(shape)
    }

    /// The tensor, or a copy without the padding of its rows.
    private func withoutPadding(_ x: OpenCLTensor) throws -> OpenCLTensor {
        guard x.rowPitch != x.shape.dimensions.last ?? 1 else { return x }
        let copy = try makeTensor(x.shape)
        try enqueueCopy(
            of: x, to: copy, rows: x.shape.rowCount, width: x.shape[-1], stride: x.rowPitch)
        return copy
    }

    package func zeros(_ shape: Shape) throws -> OpenCLTensor {
        try zeros(shape, precision)
    }

    func zeros(_ shape: Shape, _ precision: Precision) throws -> OpenCLTensor {
        let y = try makeTensor(shape, precision)
        try enqueueElementwise("clear", ["y": .tensor(y)], count: shape.elementCount)
        return y
    }

    package func sum(_ a: OpenCLTensor, _ b: OpenCLTensor) throws -> OpenCLTensor {
        try requireShape("summand", b.shape, a.shape)
        let y = try makeTensor(a.shape, a.precision)
        try enqueueElementwise(
            "sum_arrays", ["y": .tensor(y), "a": .tensor(a), "b": .tensor(b)],
            count: a.shape.elementCount)
        return y
    }

    package func scaled(
        _ x: OpenCLTensor, byImage factors: OpenCLTensor
    ) throws -> OpenCLTensor {
        try requireShape("factors", factors.shape, [x.shape[0]])
        let y = try makeTensor(x.shape)
        let width = x.shape.withBatch(1).elementCount
        try enqueue(
            KernelCall(
                "scale_images", in: "elementwise",
                [
                    "y": .tensor(y), "x": .tensor(x), "factors": .float32(factors),
                    "batch": .int(x.shape[0]), "width": .int(width),
                ], over: .elements(width, x.shape[0])))
        return y
    }

    package func dropout(_ x: OpenCLTensor, _ mask: DropoutMask) throws -> OpenCLTensor {
        let y = try makeTensor(x.shape, x.precision)
        try enqueueElementwise(
            "dropout", ["y": .tensor(y), "x": .tensor(x)], count: x.shape.elementCount,
            [
                "seed": .int(Int32(bitPattern: mask.seed)),
                "threshold": .int(Int32(bitPattern: mask.threshold)),
                "factor": .float(mask.factor),
            ])
        return y
    }

    package func activate(
        _ z: OpenCLTensor, _ activation: Activation
    ) throws -> OpenCLTensor {
        let y = try makeTensor(z.shape, z.precision)
        try enqueueActivation(
            "activate", ["y": .tensor(y), "z": .tensor(z)], activation,
            count: z.shape.elementCount)
        return y
    }

    package func activationGradient(
        _ dy: OpenCLTensor, at z: OpenCLTensor, _ activation: Activation
    ) throws -> OpenCLTensor {
        try requireShape("dy", dy.shape, z.shape)
        let dz = try makeTensor(z.shape, z.precision)
        try enqueueActivation(
            "activation_gradient", ["dz": .tensor(dz), "dy": .tensor(dy), "z": .tensor(z)],
            activation, count: z.shape.elementCount)
        return dz
    }

    private func enqueueActivation(
        _ name: String, _ tensors: KernelArguments, _ activation: Activation, count: Int
    ) throws {
        guard count > 0 else { return }
        let block = 2048
        let isVector = kernelStyle == .vector
        try enqueue(
            KernelCall(
                name, in: "elementwise", macros: isVector ? ["BLOCK=\(block)"] : [],
                tensors + ["count": .int(count), "activation": .activation(activation)],
                over: isVector ? .rows(ceilDiv(count, block), items: 1) : .elements(count)))
    }

    /// Enqueues a kernel of one work-item per element.
    ///
    /// - Parameters:
    ///   - name: the kernel's name.
    ///   - file: its source file without `.cl`.
    ///   - tensors: its first arguments, which the argument `count` follows.
    ///   - count: the number of elements.
    ///   - rest: the arguments after `count`.
    /// - Throws: ``/OpenCLRuntime/OpenCLError`` if the device fails.
    func enqueueElementwise(
        _ name: String, in file: String = "elementwise", _ tensors: KernelArguments, count: Int,
        _ rest: KernelArguments = [:]
    ) throws {
        guard count > 0 else { return }
        try enqueue(
            KernelCall(
                name, in: file, tensors + ["count": .int(count)] + rest, over: .elements(count)))
    }
}
