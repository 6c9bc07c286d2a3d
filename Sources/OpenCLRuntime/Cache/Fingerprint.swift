/// A 128-bit FNV-1a hash, which names cache entries and detects changes but not tampering.
package struct Fingerprint: Equatable {
    // The offset basis and the prime of FNV-1a, each in two halves.
    private static let basis =
        UInt128(0x6c62_272e_07bb_0142) << 64 | UInt128(0x62b8_2175_6295_c58d)
    private static let prime = UInt128(1) << 88 | UInt128(0x13b)

    private(set) var value = basis

    /// Creates the hash of no bytes.
    package init() {}

    /// Adds bytes to the hash.
    package mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            value = (value ^ UInt128(byte)) &* Self.prime
        }
    }

    /// 32 hexadecimal digits.
    package var hexadecimal: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
