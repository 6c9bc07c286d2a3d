import DVTCore

/// Makes tokens of an image: one linear map of its patches, or Tokens-to-Token.
enum PatchEmbed<B: Backend> {
    case linear(LinearParameters<B.DeviceTensor>, PatchGeometry)
    case tokensToToken(TokensToToken<B>)

    init(_ parameters: ModelParameters<B.DeviceTensor>, _ stage: VisionTransformerConfiguration) {
        switch stage.tokenizer {
        case .linear: self = .linear(parameters.linear("patch_embed.proj"), stage.patch)
        case .performer, .transformer:
            self = .tokensToToken(TokensToToken(parameters.scoped("tokens_to_token"), stage))
        }
    }

    /// Tokens `[B, N, D]` of images `[B, C, S, S]`.
    func callAsFunction(_ images: B.DeviceTensor, on backend: B) throws -> B.DeviceTensor {
        switch self {
        case .linear(let projection, let geometry):
            try backend.patchEmbed(images, projection, geometry: geometry)
        case .tokensToToken(let module): try module(images, on: backend)
        }
    }
}
