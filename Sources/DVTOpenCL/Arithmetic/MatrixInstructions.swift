import DVTCore
import DVTSupport
import OpenCLRuntime

/// The instructions by which subgroups multiply small matrices; see `mma.cl`.
struct MatrixInstructions: Hashable {
    /// The implementation in `mma.cl`.
    enum Family: String, CaseIterable {
        /// NVIDIA's tensor cores, from compute capability 8.0 on.
        case ptx
        /// AMD's matrix cores of the MI200 series and later.
        case cdna
        case rdna3
        case rdna4
        /// Intel's XMX, by subgroups of 16, with registers of 64 bytes (Xe-HPC, Xe2).
        case xmx16
        /// Intel's XMX, by subgroups of 8, with registers of 32 bytes (Xe-HPG).
        case xmx8
        /// None; fragments are multiplied in plain OpenCL C.
        case emulated
    }

    /// A primitive that a driver's compiler gets wrong, and its replacement.
    enum Workaround: String, CaseIterable {
        case copiesByRegisters = "COPIES_BY_REGISTERS"
        case loadsByWords = "LOADS_BY_WORDS"
        case sharedByCvta = "SHARED_BY_CVTA"
    }

    let family: Family
    var workarounds: Set<Workaround> = []
    /// Whether plain OpenCL C replaces the built-in functions of Intel's extensions, on any device.
    var replacesBuiltIns = false

    /// Fragments multiplied in plain OpenCL C, on any device.
    static let emulated = MatrixInstructions(family: .emulated)

    /// Those of Intel with built-in functions in plain OpenCL C, on any device.
    static let emulatedXMX16 = MatrixInstructions(family: .xmx16, replacesBuiltIns: true)
    static let emulatedXMX8 = MatrixInstructions(family: .xmx8, replacesBuiltIns: true)

    /// Whether they run on any device, slowly.
    var isEmulation: Bool { family == .emulated || replacesBuiltIns }

    /// The work-items of a subgroup.
    var lanes: Int {
        switch family {
        case .cdna: 64
        case .ptx, .rdna3, .rdna4, .emulated: 32
        case .xmx16: 16
        case .xmx8: 8
        }
    }

    /// The macros of `mma.cl`.
    var macros: [String] {
        (family == .emulated ? [] : ["MMA_\(family.rawValue.uppercased())"])
            + (replacesBuiltIns ? ["XMX_EMULATED"] : []) + workarounds.map(\.rawValue).sorted()
    }

    /// The compiler options of kernels: on Intel, twice as many registers for half as many threads.
    var compilerOptions: [String] {
        switch family {
        case .xmx16, .xmx8: replacesBuiltIns ? [] : ["-cl-intel-256-GRF-per-thread"]
        case .ptx, .cdna, .rdna3, .rdna4, .emulated: []
        }
    }

    /// Whether they multiply float32 numbers, as three products of TF32.
    var multiplyFloat32: Bool { family == .ptx || family == .emulated }

    /// The instructions that a device promises, or nil.
    static func family(of device: Device) -> Family? {
        family(
            platform: device.platform.name, device: device.name, extensions: device.extensions,
            subgroupSizes: device.subgroupSizes)
    }

    /// The instructions that a device's extensions, or else its name, promise, or nil.
    ///
    /// - Parameters:
    ///   - platform: the platform's name.
    ///   - device: the device's name.
    ///   - extensions: the device's extensions.
    ///   - subgroupSizes: the subgroup sizes that kernels may require.
    /// - Returns: the family.
    static func family(
        platform: String, device: String, extensions: Set<String> = [], subgroupSizes: [Int] = []
    ) -> Family? {
        if extensions.contains("cl_intel_subgroup_matrix_multiply_accumulate") {
            // The extension demands the smallest size.
            return subgroupSizes.min().flatMap { [16: Family.xmx16, 8: .xmx8][$0] }
        }
        switch platform {
        case "NVIDIA CUDA": return .ptx
        case "AMD Accelerated Parallel Processing":
            // The name is the target of the compiler, for example gfx90a:sramecc+:xnack-.
            let target = device.prefix { $0 != ":" }
            if ["gfx90a", "gfx940", "gfx941", "gfx942", "gfx950"].contains(target) { return .cdna }
            if target.hasPrefix("gfx11") { return .rdna3 }
            return target.hasPrefix("gfx12") ? .rdna4 : nil
        default: return nil
        }
    }
}

extension MatrixInstructions {
    /// What a device's trials found.
    struct Found: Equatable {
        /// The instructions to use, or nil.
        var instructions: MatrixInstructions?
        /// Why the device has none, or nil.
        var missing: String?
        /// What failed a trial, or nil.
        var failure: String?
    }

    /// The instructions that the environment variable `DVT_MATRIX_INSTRUCTIONS` selects.
    ///
    /// - Parameters:
    ///   - name: the variable's value.
    ///   - precision: the precision of the factors.
    /// - Returns: the instructions, or why there are none.
    static func emulation(_ name: String, _ precision: Precision) -> Found {
        let emulations = [
            "emulated": emulated, "emulated-xmx8": emulatedXMX8, "emulated-xmx16": emulatedXMX16,
        ]
        guard let emulation = emulations[name] else {
            let names = emulations.keys.sorted().joined(separator: ", ")
            return Found(
                failure: "DVT_MATRIX_INSTRUCTIONS is \(quoted(name)); it takes \(names)")
        }
        guard precision != .float32 || emulation.multiplyFloat32 else { return Found() }
        return Found(instructions: emulation)
    }

    /// The instructions of a device that passed the trials, with workarounds for what did not.
    ///
    /// The outcome is stored per device and driver.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - precision: the precision of the factors.
    /// - Returns: the instructions, and what is missing or failed.
    static func tried(on context: Context, _ precision: Precision) -> Found {
        let device = context.device
        let isTooOld = device.computeCapability.map { $0.major < 8 } ?? false
        guard !isTooOld, let family = family(of: device) else {
            return Found(
                missing: "\(device.name) has no matrix instructions that dvt supports (NVIDIA's "
                    + "from compute capability 8.0 on, AMD's from CDNA 2 and RDNA 3 on, Intel's "
                    + "XMX with cl_intel_subgroup_matrix_multiply_accumulate)")
        }
        let plain = MatrixInstructions(family: family)
        guard precision != .float32 || plain.multiplyFloat32 else {
            return Found(
                missing: "the matrix instructions of \(device.name) are used in 16 bits only")
        }
        let cache = DeviceCache(context.diskCache)
        let key = cacheKey(precision)
        if let stored = cache.value(for: key, device: device), let outcome = Outcome(stored) {
            return outcome.result(of: family)
        }
        let outcome = Outcome(trying: plain, on: context, precision)
        cache.store(outcome.text, for: key, device: device)
        return outcome.result(of: family)
    }

    /// The key of the stored outcome; its number changes with `mma.cl`.
    static func cacheKey(_ precision: Precision) -> String {
        "matrix instructions 2 \(precision.rawValue)"
    }

    /// The outcome of the trials on a device.
    struct Outcome: Equatable {
        /// The workarounds with which every trial passes, or nil if there are none.
        let workarounds: Set<Workaround>?
        /// What failed, or nil.
        let problem: String?

        init(workarounds: Set<Workaround>?, problem: String?) {
            (self.workarounds, self.problem) = (workarounds, problem)
        }

        /// Tries the instructions, alone and with each workaround, until every trial passes.
        init(
            trying plain: MatrixInstructions, on context: Context, _ precision: Precision,
            failures: (MatrixInstructions) -> [String]
        ) {
            let problems = failures(plain)
            let candidates = Self.candidates(plain.family)
            let working =
                problems.isEmpty
                ? [] : candidates.first { failures(plain.with($0)).isEmpty }
            let failed = problems.joined(separator: "; ")
            let names = working.map { $0.map(\.rawValue).sorted().joined(separator: ", ") }
            self.init(
                workarounds: working,
                problem: problems.isEmpty
                    ? nil
                    : names.map { "\(failed); works with \($0)" }
                        ?? "its matrix instructions are not used: \(failed)")
        }

        init(trying plain: MatrixInstructions, on context: Context, _ precision: Precision) {
            self.init(trying: plain, on: context, precision) {
                MatrixTrial.failures(of: $0, on: context, precision)
            }
        }

        /// Combinations of the workarounds that a family has, fewest first.
        private static func candidates(_ family: Family) -> [Set<Workaround>] {
            switch family {
            case .ptx:
                let all = Workaround.allCases
                let pairs = all.indices.flatMap { first in
                    all[(first + 1)...].map { Set([all[first], $0]) }
                }
                return all.map { [$0] } + pairs + [Set(all)]
            case .xmx16, .xmx8: return [[.loadsByWords]]
            case .cdna, .rdna3, .rdna4, .emulated: return []
            }
        }

        /// The stored form: the workarounds, and on a second line the problem.
        var text: String {
            let names = workarounds.map { $0.map(\.rawValue).sorted().joined(separator: " ") }
            return "\(names ?? "none")\n\(problem ?? "")"
        }

        /// Parses ``text``; nil if it is malformed.
        init?(_ text: String) {
            let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            guard lines.count == 2 else { return nil }
            let problem = lines[1].isEmpty ? nil : String(lines[1])
            guard lines[0] != "none" else {
                self.init(workarounds: nil, problem: problem)
                return
            }
            let names = lines[0].split(separator: " ").map(String.init)
            let workarounds = names.compactMap(Workaround.init)
            guard workarounds.count == names.count else { return nil }
            self.init(workarounds: Set(workarounds), problem: problem)
        }

        fileprivate func result(of family: Family) -> Found {
            Found(
                instructions: workarounds.map {
                    MatrixInstructions(family: family, workarounds: $0)
                }, failure: problem)
        }
    }

    private func with(_ workarounds: Set<Workaround>) -> MatrixInstructions {
        MatrixInstructions(family: family, workarounds: workarounds)
    }
}
