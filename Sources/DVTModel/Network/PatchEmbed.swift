internal import DVTCore

/// Converts an image to tokens: one convolution over its patches, or Tokens-to-Token.
enum PatchEmbed<B: Backend> {
    case linear(B.LinearLayer, PatchGeometry)
    case tokensToToken(TokensToToken<B>)

    init(_ parameters: ParameterBuilder<B>, _ stage: VisionTransformerConfiguration) throws {
        switch stage.tokenizer {
        case .linear:
            let projection = try parameters.scoped("patch_embed").convolution(
                "proj", from: stage.channels, to: stage.width, kernel: stage.patch.kernel)
            self = .linear(projection, stage.patch)
        case .performer, .transformer:
            self = .tokensToToken(
                try TokensToToken(parameters.scoped("tokens_to_token"), stage))
        }
    }

    /// Maps images `[B, C, S, S]` to tokens `[B, N, D]`.
    func callAsFunction(_ images: B.DeviceTensor, on backend: B) throws -> B.DeviceTensor {
        switch self {
        case .linear(let projection, let geometry):
            try backend.patchEmbed(images, projection, geometry: geometry)
        case .tokensToToken(let module): try module(images, on: backend)
        }
    }
}
