import Testing

@testable import DVTSupport

@Suite struct NearMatchesTests {
    private let names = ["linear", "attention", "layernorm", "gather"]

    @Test(arguments: [
        ("linaer", ["linear"]), ("LINEAR", ["linear"]), ("atention", ["attention"]),
        ("layer_norm", ["layernorm"]), ("convolution", []), ("", []), ("x", []),
        ("gahter", ["gather"]),
    ])
    func misspelledNamesAreRecognized(text: String, expected: [String]) {
        #expect(nearMatches(of: text, among: names) == expected)
    }

    @Test func filtersMatchPartsOfLabels() {
        let labels = ["linear 8x4->2", "attention B=1 T=50", "attention B=8 T=50"]
        #expect(nearMatches(of: "attentoin", among: labels).isEmpty)
        #expect(
            nearMatches(of: "attentoin", among: labels, anywhere: true) == Array(labels.dropFirst())
        )
        #expect(
            suggestion(for: "attentoin", among: labels, anywhere: true)
                == "did you mean attention B=1 T=50 or attention B=8 T=50?")
        #expect(suggestion(for: "zzzzzz", among: labels) == nil)
    }

    @Test(arguments: [
        ("", "", 0), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "xabcx", 2),
        ("kitten", "sitting", 3),
    ])
    func editsAreCounted(first: String, second: String, distance: Int) {
        #expect(editDistance(Array(first), Array(second)) == distance)
        #expect(editDistance(Array(second), Array(first)) == distance)
    }

    /// A long argument costs no more than a short one.
    @Test func longNamesAreCut() {
        let long = String(repeating: "a", count: 1_000_000)
        #expect(nearMatches(of: long, among: names).isEmpty)
    }
}
