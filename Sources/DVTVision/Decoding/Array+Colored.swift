extension [UInt8] {
    /// The colors of palette indices.
    ///
    /// - Parameter palette: 256 colors, 3 bytes each.
    /// - Returns: 3 bytes per index.
    func colored(by palette: [UInt8]) -> [UInt8] {
        precondition(palette.count == 768, "every index has a color")
        return [UInt8](unsafeUninitializedCapacity: 3 * count) { colors, initializedCount in
            palette.withUnsafeBufferPointer { palette in
                for (position, index) in enumerated() {
                    for channel in 0..<3 {
                        colors[3 * position + channel] = palette[3 * Int(index) + channel]
                    }
                }
            }
            initializedCount = 3 * count
        }
    }
}
