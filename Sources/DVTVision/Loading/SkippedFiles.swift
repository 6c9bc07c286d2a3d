/// The files of a folder that are not read, counted by reason.
package struct SkippedFiles: Equatable, Sendable {
    private var counts: [String: Int] = [:]

    /// Creates empty counts.
    package init() {}

    /// Counts a file that holds no image, by its extension.
    mutating func addOther(_ name: String) {
        let suffix = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() }
        let isShown = suffix.map { (1...8).contains($0.utf8.count) && $0.utf8.allSatisfy(isPlain) }
        add(isShown == true ? ".\(suffix ?? "")" : "without extension")
    }

    /// Counts a file or folder whose name begins with a dot.
    mutating func addHidden(_ name: String) {
        add(name.hasPrefix("._") ? "AppleDouble (._*)" : "hidden")
    }

    /// Counts a pipe, socket or device.
    mutating func addSpecial() { add("not regular files") }

    private mutating func add(_ reason: String) { counts[reason, default: 0] += 1 }

    /// Adds the counts of another folder.
    package mutating func add(_ other: SkippedFiles) {
        counts.merge(other.counts, uniquingKeysWith: +)
    }

    /// The counts in one line, the largest first, such as `12 .bmp, 1 hidden`; nil without any.
    package var text: String? {
        guard !counts.isEmpty else { return nil }
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let rest = sorted.dropFirst(6).reduce(0) { $0 + $1.value }
        return sorted.prefix(6).map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            + (rest > 0 ? " and \(rest) others" : "")
    }
}

private func isPlain(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
}
