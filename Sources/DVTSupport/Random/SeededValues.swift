/// A counter-based stream of uniform numbers, determined by a name and a seed.
///
/// Element `i` is `u(i)` in [-1, 1): the splitmix64 finalizer of
/// `FNV-1a-64(name) + seed * g + (i + 1) * g` with `g = 0x9E3779B97F4A7C15`, its top 24 bits
/// scaled. Each element can be computed independently, on any machine and in any language.
public struct SeededValues: Sendable {
    private static let golden: UInt64 = 0x9E37_79B9_7F4A_7C15
    private let base: UInt64

    /// Creates the stream of `name` under `seed`.
    ///
    /// - Parameters:
    ///   - name: a tensor's name; different names give unrelated streams.
    ///   - seed: the seed.
    public init(name: String, seed: UInt64) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        base = hash &+ seed &* Self.golden
    }

    /// The 64 random bits of element `index`.
    ///
    /// - Parameter index: the element, from 0.
    /// - Returns: uniformly distributed bits.
    public func bits(_ index: Int) -> UInt64 {
        var z = base &+ (UInt64(truncatingIfNeeded: index) &+ 1) &* Self.golden
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Element `index`, uniform in [-1, 1).
    ///
    /// - Parameter index: the element, from 0.
    public subscript(index: Int) -> Float {
        Float(Double(bits(index) >> 40) * 2 / 16_777_216 - 1)
    }
}
