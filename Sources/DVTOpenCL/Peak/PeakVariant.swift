/// A build of the kernels of `peak.cl`; the sizes match those of its macros.
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
