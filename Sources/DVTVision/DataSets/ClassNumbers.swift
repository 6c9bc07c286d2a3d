/// Maps names to class indices.
///
/// An exact name or ImageNet identifier, such as `n01440764`, takes precedence; otherwise names
/// match ignoring case, with spaces, `_` and `-` alike. A name shared by two classes matches
/// neither.
struct ClassNumbers {
    private let exact: [String: Int]
    private let folded: [String: Int]

    init(_ labels: ClassLabels) {
        exact = Self.numbers(labels.names).merging(
            Self.numbers(labels.imageNetIdentifiers ?? [])
        ) { first, _ in first }
        folded = Self.numbers(labels.names.map(Self.folded))
    }

    /// The class of a name, from 0, or nil.
    subscript(name: String) -> Int? { exact[name] ?? folded[Self.folded(name)] }

    private static func numbers(_ names: [String]) -> [String: Int] {
        Dictionary(grouping: names.indices) { names[$0] }
            .compactMapValues { $0.count == 1 ? $0[0] : nil }
    }

    private static func folded(_ name: String) -> String {
        String(name.lowercased().map { $0 == "_" || $0 == "-" ? " " : $0 })
    }
}
