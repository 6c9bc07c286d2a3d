// Suggestions for misspelled names.

/// The names that a misspelled one probably means.
///
/// - Parameters:
///   - text: the name as given.
///   - candidates: the names that exist; repeated ones are listed once.
///   - limit: the most names to return.
///   - anywhere: whether `text` may resemble a part of a candidate, as a filter does.
/// - Returns: the nearest candidates, at most a third of the text's characters (but at least two)
///   away, the nearest first and otherwise in their own order.
package func nearMatches(
    of text: String, among candidates: [String], limit: Int = 3, anywhere: Bool = false
) -> [String] {
    // Longer names are no typing errors, and the distance takes quadratic time.
    let wanted = Array(text.lowercased().prefix(64))
    let most = max(2, wanted.count / 3)
    guard !wanted.isEmpty else { return [] }
    var seen: Set<String> = []
    let near = candidates.filter { seen.insert($0).inserted }.enumerated().compactMap {
        index, name -> (name: String, distance: Int, index: Int)? in
        let distance = editDistance(wanted, Array(name.lowercased()), anywhere: anywhere)
        return distance <= most && distance < wanted.count ? (name, distance, index) : nil
    }
    return near.sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }.prefix(limit)
        .map(\.name)
}

/// A question that names the near matches of a misspelled name.
///
/// - Parameters:
///   - text: the name as given.
///   - candidates: the names that exist.
///   - anywhere: whether `text` may resemble a part of a candidate.
/// - Returns: a clause such as `did you mean linear?`, or nil without a near match.
package func suggestion(
    for text: String, among candidates: [String], anywhere: Bool = false
) -> String? {
    let names = nearMatches(of: text, among: candidates, anywhere: anywhere).map(printable)
    guard let last = names.last else { return nil }
    let others = names.dropLast().joined(separator: ", ")
    return "did you mean \(others.isEmpty ? last : "\(others) or \(last)")?"
}

/// The insertions, deletions, replacements and swaps of neighbors that turn one text into another.
///
/// - Parameters:
///   - first: a text.
///   - second: the other text.
///   - anywhere: whether characters of `second` before and after the match are free.
/// - Returns: the smallest number of edits.
func editDistance(_ first: [Character], _ second: [Character], anywhere: Bool = false) -> Int {
    var before: [Int] = []
    var row = anywhere ? [Int](repeating: 0, count: second.count + 1) : Array(0...second.count)
    for i in first.indices {
        var next = [i + 1]
        for j in second.indices {
            let replaced = row[j] + (first[i] == second[j] ? 0 : 1)
            var least = min(replaced, row[j + 1] + 1, next[j] + 1)
            if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                least = min(least, before[j - 1] + 1)
            }
            next.append(least)
        }
        (before, row) = (row, next)
    }
    return anywhere ? row.min() ?? 0 : row[second.count]
}
