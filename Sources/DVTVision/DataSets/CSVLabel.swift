/// A label of a list: a class number, possibly written as `3.0`, or the name of a class.
struct CSVLabel {
    /// Whether it is a number, of any size.
    let isNumber: Bool
    /// The number if it is a whole one, or nil.
    let number: Int?
    /// The name.
    let name: String

    /// Reads a label.
    ///
    /// A name may be followed by boxes, each of a class and four numbers, as in Kaggle's
    /// `LOC_val_solution.csv`; if all are of one class, that is the name.
    ///
    /// - Parameter text: the field.
    init(_ text: String) {
        isNumber = Double(text)?.isFinite == true
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isWhole = parts.count == 1 || parts[1].utf8.allSatisfy { $0 == 0x30 }
        number = isNumber && isWhole ? Int(parts[0]) : nil
        name = Self.classOfBoxes(text) ?? text
    }

    private static func classOfBoxes(_ text: String) -> String? {
        let words = text.split(separator: " ")
        guard !words.isEmpty, words.count.isMultiple(of: 5) else { return nil }
        let classes = Set(stride(from: 0, to: words.count, by: 5).map { words[$0] })
        let areNumbers = words.indices.allSatisfy {
            $0.isMultiple(of: 5) || Double(words[$0]) != nil
        }
        return areNumbers && classes.count == 1 ? classes.first.map(String.init) : nil
    }
}
