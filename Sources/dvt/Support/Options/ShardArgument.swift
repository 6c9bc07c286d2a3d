import ArgumentParser

/// One of several equal parts of a data set, such as `0/2`.
struct ShardArgument: ExpressibleByArgument {
    /// The part, from 0.
    let index: Int
    /// The number of parts.
    let count: Int

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1],
            (1...1_000_000).contains(count), (0..<count).contains(index)
        else { return nil }
        self.index = index
        self.count = count
    }
}
