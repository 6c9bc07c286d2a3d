import OpenCLRuntime

/// How a device computes products of 16-bit numbers.
package struct Arithmetic {
    /// The matrix instructions of tile kernels, or nil if the device has none.
    let instructions: MatrixInstructions?
    /// How vector kernels multiply bfloat16 numbers; nil in other precisions and styles.
    let bfloat16Dot: BFloat16Dot?
    /// Why 16-bit numbers are multiplied in float32, or nil.
    let problem: String?
    /// The matrix instructions that failed a trial and were replaced, or nil.
    let instructionProblem: String?

    package init(bfloat16Dot: BFloat16Dot?, problem: String? = nil) {
        self.init(instructions: nil, bfloat16Dot: bfloat16Dot, problem: problem)
    }

    init(
        instructions: MatrixInstructions? = nil, bfloat16Dot: BFloat16Dot? = nil,
        problem: String? = nil, instructionProblem: String? = nil
    ) {
        self.instructions = instructions
        self.bfloat16Dot = bfloat16Dot
        self.problem = problem
        self.instructionProblem = instructionProblem
    }

    /// Finds the fastest arithmetic that works on a device.
    ///
    /// - Parameters:
    ///   - precision: the precision of tensors.
    ///   - style: the style of kernels.
    ///   - context: the device's context.
    init(_ precision: Precision, _ style: KernelStyle, on context: Context) {
        switch (precision, style) {
        case (.float32, .vector):
            self.init()
        case (_, .tile):
            let emulation = EnvironmentVariables.process["DVT_MATRIX_INSTRUCTIONS"]
            self.init(
                emulation.map { MatrixInstructions.emulation($0, precision) }
                    ?? MatrixInstructions.tried(on: context, precision), precision)
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

    /// The arithmetic of tile kernels on what a device's trials found, or on an emulation.
    init(_ found: MatrixInstructions.Found, _ precision: Precision) {
        let isUnused = found.instructions == nil && precision != .float32
        let isEmulation = found.instructions?.isEmulation == true && precision != .float32
        self.init(
            instructions: found.instructions,
            problem: isUnused
                ? found.missing ?? found.failure
                : isEmulation ? "matrix instructions are emulated" : nil,
            instructionProblem: isUnused ? nil : found.failure)
    }
}
