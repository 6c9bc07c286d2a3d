import DVTCore
import OpenCLRuntime

/// A trial of one primitive of `mma.cl` on a device: the case's number is `TRIAL` of
/// `mma_trial.cl`.
enum MatrixTrial: Int, CaseIterable {
    case copies = 1
    case product
    case exchanges
    case chain
    case transposedLoads
    case packedFragments

    /// What is tried, for messages.
    var name: String {
        switch self {
        case .copies: "asynchronous copies"
        case .product: "products of fragments"
        case .exchanges: "exchanges between lanes"
        case .chain: "products of sums"
        case .transposedLoads: "transposed loads"
        case .packedFragments: "packed fragments"
        }
    }

    /// The trials of a precision: the last three primitives exist in 16 bits only.
    static func trials(_ precision: Precision) -> [MatrixTrial] {
        precision == .float32 ? [.copies, .product, .exchanges] : allCases
    }

    /// Runs all trials in a context of their own, since a faulty kernel makes its context unusable.
    ///
    /// - Parameters:
    ///   - instructions: the instructions.
    ///   - context: the device's context.
    ///   - precision: the precision of the factors.
    /// - Returns: a line for each trial that failed.
    static func failures(
        of instructions: MatrixInstructions, on context: Context, _ precision: Precision
    ) -> [String] {
        trials(precision).compactMap { trial in
            do {
                let backend = try OpenCLBackend(
                    context: Context(device: context.device, diskCache: context.diskCache),
                    kernelStyle: (.tile, nil), linearEngine: .tile(.standard),
                    precision: precision,
                    arithmetic: Arithmetic(instructions: instructions))
                let expected = trial.expected(precision)
                let wrong = try zip(trial.results(on: backend), expected).count { $0 != $1 }
                return wrong == 0 ? nil : "\(trial.name): \(wrong) of \(expected.count) are wrong"
            } catch {
                let lines = "\(error)".split(separator: "\n")
                return "\(trial.name): \(lines.first ?? "failed")"
            }
        }
    }

    /// The device's results, `[16, 16]`, in the columns that ``expected(_:)`` defines.
    private func results(on backend: OpenCLBackend) throws -> [Float] {
        let precision = backend.precision
        let results = try backend.makeScratch([16, 16], .float32)
        let packed = try backend.makeScratch([2, 32, 8])
        try backend.enqueue(
            KernelCall(
                "mma_trial", in: "mma_trial",
                macros: ["TRIAL=\(rawValue)"], instructions: backend.matrixInstructions,
                [
                    "results": .float32(results),
                    "a": .tensor(backend.upload(Self.factor(precision, seed: 3))),
                    "b": .tensor(backend.upload(Self.factor(precision, seed: 5))),
                    "c": .tensor(backend.upload(Self.factor(precision, seed: 7, depth: 16))),
                    "packed": .buffer(packed.buffer),
                ], over: .groups([1], items: [backend.matrixInstructions.lanes])))
        let values = try backend.download(results).values
        let columns = expected(precision).count / 16
        return (0..<16).flatMap { values[16 * $0..<16 * $0 + columns] }
    }

    /// What the device must compute, exactly, in rows of 16 or fewer.
    func expected(_ precision: Precision) -> [Float] {
        let a = Self.factor(precision, seed: 3)
        let b = Self.factor(precision, seed: 5)
        let c = Self.factor(precision, seed: 7, depth: 16)
        let depth = a.shape[1]
        switch self {
        case .copies:
            return (0..<256).map { $0 < 192 ? b.values[$0 / 16 * depth + $0 % 16] : 0 }
        case .product:
            return Self.product(a, b)
        case .exchanges:
            let product = Self.product(a, b)
            return (0..<16).flatMap { row in
                let sums = product[16 * row..<16 * row + 16]
                return [sums.reduce(0, +), sums.max() ?? 0]
            }
        case .chain:
            return Self.product(Tensor([16, 16], values: Self.product(a, b)), c)
        case .transposedLoads:
            return Self.product(Self.transposed(a, from: 0), Self.transposed(b, from: 16))
        case .packedFragments:
            return Self.product(c, c)
        }
    }

    /// Numbers from -1 to 1, `[16, depth]`; by default the depth of two fragments.
    private static func factor(_ precision: Precision, seed: Int, depth: Int? = nil) -> Tensor {
        let depth = depth ?? 64 / precision.elementByteCount
        return Tensor(
            [16, depth],
            values: (0..<16 * depth).map { Float(($0 * seed + $0 / 7 * $0) % 3 - 1) })
    }

    /// Columns `first` to `first + 15` as rows.
    private static func transposed(_ x: Tensor, from first: Int) -> Tensor {
        let width = x.shape[1]
        return Tensor(
            [16, 16], values: (0..<256).map { x.values[$0 % 16 * width + first + $0 / 16] })
    }

    /// `a b^T`, `[16, 16]`.
    private static func product(_ a: Tensor, _ b: Tensor) -> [Float] {
        let depth = a.shape[1]
        return (0..<256).map { index in
            (0..<depth).reduce(0) {
                $0 + a.values[index / 16 * depth + $1] * b.values[index % 16 * depth + $1]
            }
        }
    }
}
