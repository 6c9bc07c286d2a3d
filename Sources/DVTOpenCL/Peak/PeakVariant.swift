/// A build of the kernels of `peak.cl` or `peak_mma.cl`; the sizes match those of its macros.
struct PeakVariant {
    /// The work-items of a work-group: 1 for CPU-like devices.
    let items: Int
    /// The independent vectors of a work-item.
    var chains = 1

    /// The floats of a vector.
    var width: Int { items == 1 ? 16 : 4 }
    /// The floats that a work-item copies.
    var part: Int { items == 1 ? 4096 : 4 }
    /// The macros, without the `WG` that the grid adds.
    var macros: [String] { ["CHAINS=\(chains)"] }
    /// The name in reports.
    var name: String {
        let vectors = chains == 1 ? "float\(width)" : "\(chains) x float\(width)"
        return "\(vectors), groups of \(items)"
    }

    /// Chains that fit into 16 registers of 4 or 8 floats or 32 of 16, and many work-items.
    static let multiplyAdds = [
        PeakVariant(items: 1, chains: 3), PeakVariant(items: 1, chains: 6),
        PeakVariant(items: 1, chains: 12), PeakVariant(items: 64, chains: 4),
    ]
    static let copies = [PeakVariant(items: 1), PeakVariant(items: 64)]

    /// For `peak_dot`, chains that fit into 16 or 32 registers.
    static let dots = [PeakVariant(items: 1, chains: 6), PeakVariant(items: 1, chains: 12)]

    /// The words of `peak_dot`, 1 and -1 by 1.5 and 0.5.
    static let words = (Int32(bitPattern: 0xBF80_3F80), Int32(bitPattern: 0x3F00_3FC0))

    /// The result of a work-item of `peak_dot`; exact below 2^24.
    ///
    /// - Parameters:
    ///   - item: the work-item.
    ///   - steps: the steps, each of which adds 1.
    /// - Returns: the sum over chains and elements.
    func dotSum(item: Int, steps: Int) -> Float {
        (0..<chains).reduce(0) { sum, chain in
            (0..<width).reduce(sum) { $0 + Float(item % 64 + chain + $1 + steps) }
        }
    }

    /// For `peak_mma`: work-groups of four subgroups, with few or many sums in registers.
    static func matrices(_ instructions: MatrixInstructions) -> [PeakVariant] {
        [2, 4].map { PeakVariant(items: 4 * instructions.lanes, chains: $0) }
    }

    /// The words of `peak_mma`: all elements 1, and 1 by the elements of a row of a fragment.
    static func matrixWords(_ precision: Precision) -> (a: Int32, b: Int32) {
        switch precision {
        case .float32: (0x3F80_0000, 0x3E00_0000)
        case .float16: (0x3C00_3C00, 0x2C00_2C00)
        case .bfloat16: (0x3F80_3F80, 0x3D80_3D80)
        }
    }

    /// The name of a build of `peak_mma` in reports.
    func matrixName(_ instructions: MatrixInstructions) -> String {
        "\(chains) x 16 x 16, groups of \(items), \(instructions.family.rawValue)"
    }

    /// The result of a work-item of `peak_mma`: its first sums, and 1 for each.
    ///
    /// - Parameters:
    ///   - item: the work-item.
    ///   - steps: the steps, each of which adds 1 to every sum and subtracts it.
    /// - Returns: the sum over chains and a work-item's sums.
    func matrixSum(item: Int, steps: Int) -> Float {
        let sums = 4 * 256 / items
        return (0..<chains).reduce(0) { sum, chain in
            (0..<sums).reduce(sum) { $0 + Float(item % 64 + chain + $1 + 1) }
        }
    }

    /// The factor and the summand of every step; x converges to 1.
    static let (factor, summand) = (Float(0.5), Float(0.5))

    /// The result of a work-item of `peak_fma`.
    ///
    /// - Parameters:
    ///   - item: the work-item.
    ///   - steps: the multiply-adds of each number.
    /// - Returns: the sum of 1 + factor^steps (x - 1) over chains and elements, x being the initial
    ///   value.
    func sum(item: Int, steps: Int) -> Float {
        var decay = 1.0
        for _ in 0..<min(steps, 64) { decay *= Double(Self.factor) }
        var sum = 0.0
        for chain in 0..<chains {
            for element in 0..<width {
                let first = Double(item % 64) + Double(chain) / 64 + Double(element) / 1024
                sum += 1 + decay * (first - 1)
            }
        }
        return Float(sum)
    }
}
