import OpenCLRuntime

/// How a device computes products of 16-bit numbers.
package struct Arithmetic {
    /// The engine that uses the device's tensor cores, or nil.
    let engine: LinearEngine?
    /// How vector kernels multiply bfloat16 numbers; nil in other precisions and styles.
    let bfloat16Dot: BFloat16Dot?
    /// Why products are computed in float32, or nil.
    let problem: String?

    package init(
        engine: LinearEngine? = nil, bfloat16Dot: BFloat16Dot? = nil, problem: String? = nil
    ) {
        self.engine = engine
        self.bfloat16Dot = bfloat16Dot
        self.problem = problem
    }

    /// Finds the fastest arithmetic that works on a device.
    ///
    /// - Parameters:
    ///   - precision: the precision of tensors.
    ///   - style: the style of kernels.
    ///   - context: the device's context.
    init(_ precision: Precision, _ style: KernelStyle, on context: Context) {
        switch (precision, style) {
        case (.float32, _):
            self.init()
        case (_, .tile):
            let problem = TensorCores.problem(on: context, precision)
            self.init(engine: problem == nil ? .matrix : nil, problem: problem)
        case (.float16, .vector):
            self.init(problem: "CPUs do not sum products of float16 in float32")
        case (.bfloat16, .vector)
        where EnvironmentVariables.process["DVT_BFLOAT16_DOT"] == "emulated":
            self.init(bfloat16Dot: .emulated, problem: "AVX512-BF16 is emulated")
        case (.bfloat16, .vector):
            let problem = BFloat16Dot.problem(on: context)
            self.init(bfloat16Dot: problem == nil ? .native : .widened, problem: problem)
        }
    }
}
