/// The tokens whose attention is computed; keys and values always come from all tokens.
public enum AttentionQueries: String, Sendable {
    /// Every token.
    case allTokens
    /// The class token only, which is all that the classifier reads after the last block.
    case classToken
}
