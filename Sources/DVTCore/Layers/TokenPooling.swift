/// How the tokens of an image become one row of features.
public struct TokenPooling: Hashable, Sendable {
    /// The tokens, from the first, whose rows are copied side by side.
    public let first: Int
    /// The first of the tokens whose average follows them, or nil for no average.
    public let averagedFrom: Int?

    /// Creates a pooling.
    ///
    /// - Parameters:
    ///   - first: the tokens to copy.
    ///   - averagedFrom: the first token of the average, or nil.
    public init(first: Int, averagedFrom: Int? = nil) {
        self.first = first
        self.averagedFrom = averagedFrom
    }

    /// The first token's row.
    public static let classToken = TokenPooling(first: 1)

    /// The rows of D numbers side by side.
    public var rows: Int { first + (averagedFrom == nil ? 0 : 1) }
}
