import DVTSupport
package import OpenCLRuntime

/// Measures a device's peak rates with the kernels of `peak.cl` and `peak_mma.cl`.
package struct PeakMeter {
    private let context: Context
    private let queue: CommandQueue
    private let kernels: KernelLibrary
    private let sizes: Sizes
    private let instructions: ProductInstructions

    /// The sizes of the measurements.
    private struct Sizes {
        /// Work-groups per compute unit; many, as PoCL assigns up to 32 at a time to a core.
        let groupsPerUnit: Int
        /// The minimum time of a run of multiply-adds, reached by doubling its steps: far longer
        /// than a launch, and short enough for some runs to be undisturbed.
        let milliseconds: Double
        let steps: Int
        let copiedFloats: Int
        let repeats: Int
        let launches: Int
        let queuedLaunches: Int

        /// Two buffers of 256 MiB, or less on small devices: far more than caches hold.
        static func full(_ device: Device) -> Sizes {
            let bytes = min(
                256 << 20, device.maxAllocationBytes, device.globalMemoryBytes / 16)
            return Sizes(
                groupsPerUnit: 64, milliseconds: 5, steps: 1024, copiedFloats: bytes / 4,
                repeats: 30, launches: 201, queuedLaunches: 1000)
        }

        /// Sizes that a simulator runs in a second; the copy covers all branches of the kernel.
        static let small = Sizes(
            groupsPerUnit: 2, milliseconds: 0, steps: 3, copiedFloats: 4096 + 16 + 3,
            repeats: 1, launches: 3, queuedLaunches: 5)
    }

    /// Creates a meter with its own queue.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - buildOptions: compiler options added to the package's own.
    ///   - instructions: the instructions for products that are measured.
    ///   - isSmall: whether to use sizes for a simulator, whose rates are meaningless.
    /// - Throws: ``OpenCLError`` if the queue cannot be made.
    package init(
        context: Context, buildOptions: String = "",
        instructions: ProductInstructions = ProductInstructions(), isSmall: Bool = false
    ) throws {
        self.instructions = instructions
        self.context = context
        queue = try context.makeQueue()
        kernels = KernelLibrary(context: context, buildOptions: buildOptions)
        sizes = isSmall ? .small : .full(context.device)
    }

    /// Measures everything; each rate is that of the fastest kernel.
    ///
    /// - Returns: the multiply-adds, those of instructions for products if any, the copy, a launch, and a launch in
    ///   a long queue.
    /// - Throws: ``PeakError`` if a kernel computes wrong numbers, ``OpenCLError`` if the device
    ///   fails.
    package func measure() throws -> [PeakMeasurement] {
        let buffers = try makeBuffers()
        return [
            fastest(try PeakVariant.multiplyAdds.map { try multiplyAdds($0, to: buffers.sums) })
        ] + (try products(to: buffers.sums)) + [
            fastest(
                try PeakVariant.copies.map {
                    try copy($0, from: buffers.source, to: buffers.target)
                }),
            try launches(.launch, perRun: 1, runs: sizes.launches),
            try launches(.queuedLaunch, perRun: sizes.queuedLaunches, runs: sizes.repeats | 1),
        ]
    }

    private func fastest(_ measured: [PeakMeasurement]) -> PeakMeasurement {
        measured.dropFirst().reduce(measured[0]) { $0.value >= $1.value ? $0 : $1 }
    }

    /// Buffers for all variants, created once.
    ///
    /// Oclgrind would report the contents of a new buffer as uninitialized if it reused the address
    /// of a released one.
    private func makeBuffers() throws -> (sums: Buffer, source: Buffer, target: Buffer) {
        let matrices = [instructions.matrix16, instructions.matrix32].compactMap { $0 }
        let variants = PeakVariant.multiplyAdds + matrices.flatMap(PeakVariant.matrices)
        let sums = variants.map(items).max() ?? 0
        return (
            try context.makeBuffer(byteCount: sums * 4),
            try context.makeBuffer(byteCount: sizes.copiedFloats * 4),
            try context.makeBuffer(byteCount: sizes.copiedFloats * 4)
        )
    }

    /// The work-items of a run of multiply-adds.
    private func items(_ variant: PeakVariant) -> Int {
        sizes.groupsPerUnit * context.device.computeUnits * variant.items
    }

    private func milliseconds(_ enqueue: () throws -> Void) throws -> Double {
        let start = ContinuousClock.now
        try enqueue()
        try queue.finish()
        return (ContinuousClock.now - start) / .milliseconds(1)
    }

    /// The times of up to `runs` runs; at least three, and no further ones after a second.
    private func times(of runs: Int, _ run: () throws -> Double) rethrows -> [Double] {
        var times: [Double] = []
        var sum = 0.0
        while times.count < runs, times.count < 3 || sum < 1000 {
            times.append(try run())
            sum += times[times.count - 1]
        }
        return times
    }

    private func multiplyAdds(
        _ variant: PeakVariant, to sums: Buffer
    ) throws -> PeakMeasurement {
        let (times, steps) = try arithmetic(
            "peak_fma", variant, to: sums, expected: variant.sum,
            ["factor": .float(PeakVariant.factor), "summand": .float(PeakVariant.summand)])
        return PeakMeasurement(
            quantity: .multiplyAdds, kernel: variant.name,
            work: 2 * items(variant) * variant.width * variant.chains * steps, milliseconds: times)
    }

    private func products(to sums: Buffer) throws -> [PeakMeasurement] {
        let candidates = [
            try instructions.dot.map { try dots($0, to: sums) },
            try instructions.matrix16.map { try matrices($0, .matrix16, .float16, to: sums) },
            try instructions.matrix32.map { try matrices($0, .matrix32, .float32, to: sums) },
        ]
        return candidates.compactMap { $0.map(fastest) }
    }

    private func dots(_ dot: BFloat16Dot, to sums: Buffer) throws -> [PeakMeasurement] {
        try PeakVariant.dots.map { variant in
            let (times, steps) = try arithmetic(
                "peak_dot", variant, dot.macros, to: sums, expected: variant.dotSum,
                ["a": .int(PeakVariant.words.0), "b": .int(PeakVariant.words.1)])
            return PeakMeasurement(
                quantity: .bfloat16Dot, kernel: variant.name,
                work: 4 * items(variant) * variant.width * variant.chains * steps,
                milliseconds: times)
        }
    }

    private func matrices(
        _ instructions: MatrixInstructions, _ quantity: PeakMeasurement.Quantity,
        _ precision: Precision, to sums: Buffer
    ) throws -> [PeakMeasurement] {
        let words = PeakVariant.matrixWords(precision)
        let depth = 32 / precision.elementByteCount
        return try PeakVariant.matrices(instructions).map { variant in
            let (times, steps) = try arithmetic(
                "peak_mma", in: "peak_mma", variant, precision.macros, instructions, to: sums,
                expected: variant.matrixSum, ["a": .int(words.a), "b": .int(words.b)])
            let subgroups = items(variant) / instructions.lanes
            return PeakMeasurement(
                quantity: quantity, kernel: variant.matrixName(instructions),
                work: 2 * 16 * 16 * depth * subgroups * 2 * variant.chains * steps,
                milliseconds: times)
        }
    }

    /// Times a kernel of independent chains, with enough steps for a run to be long.
    private func arithmetic(
        _ name: String, in file: String = "peak", _ variant: PeakVariant, _ macros: [String] = [],
        _ instructions: MatrixInstructions? = nil, to sums: Buffer,
        expected: (_ item: Int, _ steps: Int) -> Float, _ operands: KernelArguments
    ) throws -> (milliseconds: [Double], steps: Int) {
        let items = items(variant)
        func run(steps: Int) throws -> Double {
            let call = KernelCall(
                name, in: file, macros: variant.macros + macros, instructions: instructions,
                ["sums": .buffer(sums), "steps": try .int(steps)] + operands,
                over: .rows(items / variant.items, items: variant.items))
            return try milliseconds { try kernels.enqueue(call, on: queue) }
        }
        var steps = sizes.steps
        while try run(steps: steps) < sizes.milliseconds, steps < 1 << 22 { steps *= 2 }
        let times = try times(of: sizes.repeats) { try run(steps: steps) }
        for (item, sum) in try queue.read(Float.self, count: items, from: sums).enumerated() {
            let expected = expected(item, steps)
            // A sum of at most 192 numbers, each with a relative error of a few 1e-7.
            guard abs(sum - expected) <= 1e-5 * abs(expected) else {
                throw PeakError.wrongResult(kernel: "\(name) (\(variant.name))")
            }
        }
        return (times, steps)
    }

    private func copy(
        _ variant: PeakVariant, from source: Buffer, to target: Buffer
    ) throws -> PeakMeasurement {
        let count = sizes.copiedFloats
        // Writing every page maps it before the first run. The values at the edges differ.
        try queue.fill(source, pattern: 1)
        try queue.fill(target, pattern: 0)
        // One write covers all of a small buffer, as Oclgrind does not track overlapping writes.
        let edge = min(8192, count)
        for first in Set([0, count - edge]) {
            try queue.write((0..<edge).map { Float($0 + 1) }, to: source, offset: first * 4)
        }
        let call = KernelCall(
            "peak_copy", in: "peak", macros: variant.macros,
            ["to": .buffer(target), "from": .buffer(source), "count": try .int(count)],
            over: .rows(
                ceilDiv(count, variant.part * variant.items), items: variant.items))
        func run() throws -> Double {
            try milliseconds { try kernels.enqueue(call, on: queue) }
        }
        _ = try run()
        let times = try times(of: sizes.repeats, run)
        for first in Set([0, count - edge]) {
            let expected = try queue.read(Float.self, count: edge, from: source, offset: first * 4)
            let actual = try queue.read(Float.self, count: edge, from: target, offset: first * 4)
            guard actual == expected else {
                throw PeakError.wrongResult(kernel: "peak_copy (\(variant.name))")
            }
        }
        return PeakMeasurement(
            quantity: .copy, kernel: variant.name, work: 2 * count * 4, milliseconds: times)
    }

    private func launches(
        _ quantity: PeakMeasurement.Quantity, perRun count: Int, runs: Int
    ) throws -> PeakMeasurement {
        let call = KernelCall("peak_empty", in: "peak", [:], over: .groups(1))
        func run() throws -> Double {
            try milliseconds {
                for _ in 0..<count { try kernels.enqueue(call, on: queue) }
            }
        }
        _ = try run()
        return PeakMeasurement(
            quantity: quantity, kernel: "empty", work: count,
            milliseconds: try times(of: runs, run))
    }
}
