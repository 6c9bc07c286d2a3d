import COpenCL
import DVTSupport

extension CommandQueue {
    /// Runs a kernel over a grid of work-items.
    ///
    /// Each extent of `global` is rounded up to a multiple of that of `local`, as OpenCL 1.2 has no
    /// partial work-groups: kernels must check their indices. A grid with an extent of 0 launches
    /// nothing. `local` is always given, as PoCL does not choose it for kernels with a required
    /// size.
    ///
    /// - Parameters:
    ///   - kernel: the kernel.
    ///   - arguments: a value for each of its parameters, in order.
    ///   - global: the work-items along 1 to 3 dimensions.
    ///   - local: the work-items of a work-group along each dimension.
    /// - Returns: the event, if events are collected.
    /// - Throws: an ``OpenCLError`` that names the kernel if the sizes or the arguments do not fit
    ///   the kernel or the device; ``OpenCLError/callFailed(function:status:)`` if the launch
    ///   fails.
    @discardableResult
    package func enqueue(
        _ kernel: Kernel, arguments: [KernelArgument], global: [Int], local: [Int]
    ) throws(OpenCLError) -> Event? {
        try check(kernel, global: global, local: local)
        guard !global.contains(0) else {
            return nil
        }
        let rounded = zip(global, local).map { $0.roundedUp(toMultipleOf: $1) }
        let event = try enqueueExternal(label: kernel.name) { (_, event) throws(OpenCLError) in
            try kernel.launch(arguments) { kernel in
                clEnqueueNDRangeKernel(
                    handle, kernel, cl_uint(rounded.count), nil, rounded, local, 0, nil, event)
            }
        }
        context.counter.update { $0.kernelsLaunched += 1 }
        return event
    }

    private func check(_ kernel: Kernel, global: [Int], local: [Int]) throws(OpenCLError) {
        guard (1...3).contains(global.count), global.count == local.count,
            global.allSatisfy({ $0 >= 0 }), local.allSatisfy({ $0 > 0 })
        else {
            throw .workSize(kernel: kernel.name, global: global, local: local)
        }
        if let required = kernel.requiredWorkGroupSize {
            let padded = local + Array(repeating: 1, count: required.count - local.count)
            guard padded == required else {
                throw .workGroupFixed(kernel: kernel.name, local: local, required: required)
            }
        }
        let device = context.device
        // Each extent first: the product of extents within their limits cannot overflow.
        guard zip(local, device.maxWorkItemSizes).allSatisfy({ $0 <= $1 }) else {
            throw .workGroupTooLarge(
                kernel: kernel.name, local: local, limit: device.maxWorkItemSizes)
        }
        let most = min(kernel.maxWorkGroupSize, device.maxWorkGroupSize)
        guard local.reduce(1, *) <= most else {
            throw .workGroupTooLarge(kernel: kernel.name, local: local, limit: [most])
        }
    }
}
