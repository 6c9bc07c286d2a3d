/// One way to build the kernels of `peak.cl`, whose macros this mirrors.
struct PeakVariant {
    /// The work-items of a group: 1 for CPU-like devices.
    let items: Int
    /// The independent vectors of a work-item.
    var chains = 1

    /// The floats of a vector.
    var width: Int { items == 1 ? 16 : 4 }
    /// The floats that a work-item copies.
    var part: Int { items == 1 ? 4096 : 4 }
    var defines: [String] { ["WG=\(items)", "CHAINS=\(chains)"] }
    /// The name for people.
    var name: String {
        let vectors = chains == 1 ? "float\(width)" : "\(chains) x float\(width)"
        return "\(vectors), groups of \(items)"
    }

    /// Vectors of 16 as many as 16 registers of 4 or 8 and 32 of 16 hold, and many work-items.
    static let multiplyAdds = [
        PeakVariant(items: 1, chains: 3), PeakVariant(items: 1, chains: 6),
        PeakVariant(items: 1, chains: 12), PeakVariant(items: 64, chains: 4),
    ]
    static let copies = [PeakVariant(items: 1), PeakVariant(items: 64)]

    /// What every step multiplies by and adds: x nears 1.
    static let (factor, summand) = (Float(0.5), Float(0.5))

    /// What a work-item of `peak_fma` stores.
    ///
    /// - Parameters:
    ///   - item: the work-item.
    ///   - steps: the multiply-adds of each number.
    /// - Returns: the sum over chains and elements of 1 + factor^steps (x - 1), x the beginning.
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
