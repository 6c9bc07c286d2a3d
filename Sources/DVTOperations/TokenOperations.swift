import DVTCore

/// ``Backend/patchEmbed(_:_:geometry:)``.
package struct PatchEmbedOperation: NetworkOperation {
    package let name = "patchEmbed"
    let batch: Int
    let channels: Int
    let imageSize: Int
    let width: Int
    let geometry: PatchGeometry

    package init(
        batch: Int, channels: Int = 3, imageSize: Int, width: Int, geometry: PatchGeometry
    ) {
        self.batch = batch
        self.channels = channels
        self.imageSize = imageSize
        self.width = width
        self.geometry = geometry
    }

    private var images: Shape { [batch, channels, imageSize, imageSize] }
    private var weight: Shape { [width, channels, geometry.kernel, geometry.kernel] }
    private var tokens: Int {
        let grid = geometry.gridSize(imageSize: imageSize)
        return grid * grid
    }

    package var sizes: String {
        """
        B=\(batch) C=\(channels) S=\(imageSize) k=\(geometry.kernel) stride=\(geometry.stride) \
        padding=\(geometry.padding) D=\(width)
        """
    }
    package var multiplyAdds: Int { batch * tokens * weight.elementCount }
    package var byteCount: Int { byteSum(images, weight, [batch, tokens, width]) }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let pixels = try backend.upload(input("images", images))
        let fanIn = weight.elementCount / width
        let scale = Float((3 / Double(fanIn)).squareRoot())
        let projection = try backend.makeLinear(
            LinearParameters(
                weight: backend.upload(input("weight", weight, scale: scale)),
                bias: backend.upload(input("bias", [width], scale: 0.1))))
        return { [try backend.patchEmbed(pixels, projection, geometry: geometry)] }
    }
}

/// ``Backend/resizedImages(_:to:)``.
package struct ResizedImagesOperation: NetworkOperation {
    package let name = "resizedImages"
    package let hasGradient = false
    let batch: Int
    let channels: Int
    let source: Int
    let target: Int

    package init(batch: Int, channels: Int = 3, from source: Int, to target: Int) {
        self.batch = batch
        self.channels = channels
        self.source = source
        self.target = target
    }

    private var images: Shape { [batch, channels, source, source] }

    package var sizes: String { "B=\(batch) C=\(channels) S=\(source) -> \(target)" }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int { byteSum(images, [batch, channels, target, target]) }
    /// Both passes round their result.
    package var roundings: Double { 2 }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let pixels = try backend.upload(input("images", images))
        return { [try backend.resizedImages(pixels, to: target)] }
    }
}

/// ``Backend/embedTokens(_:prefix:positions:)``.
package struct EmbedTokensOperation: NetworkOperation {
    package let name = "embedTokens"
    let batch: Int
    let patches: Int
    let prefix: Int
    let width: Int

    package init(batch: Int, patches: Int, prefix: Int = 1, width: Int) {
        self.batch = batch
        self.patches = patches
        self.prefix = prefix
        self.width = width
    }

    private var tokens: Int { prefix + patches }

    package var sizes: String {
        "B=\(batch) N=\(patches)" + (prefix == 1 ? "" : " P=\(prefix)") + " D=\(width)"
    }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int {
        byteSum([batch, patches + tokens, width], [1, tokens, width], [prefix, width])
    }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let x = try backend.upload(input("tokens", [batch, patches, width]))
        let first =
            prefix == 0 ? nil : try backend.upload(input("prefix", [1, prefix, width]))
        let positions = try backend.upload(input("positions", [1, tokens, width]))
        return { [try backend.embedTokens(x, prefix: first, positions: positions)] }
    }
}

/// ``Backend/pooledTokens(_:_:)``.
package struct PooledTokensOperation: NetworkOperation {
    package let name = "pooledTokens"
    let batch: Int
    let tokens: Int
    let width: Int
    let pooling: TokenPooling

    package init(batch: Int, tokens: Int, width: Int, pooling: TokenPooling = .classToken) {
        self.batch = batch
        self.tokens = tokens
        self.width = width
        self.pooling = pooling
    }

    package var sizes: String {
        let average = pooling.averagedFrom.map { " average=\($0)" } ?? ""
        return "B=\(batch) T=\(tokens) D=\(width) first=\(pooling.first)" + average
    }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int {
        let averaged = pooling.averagedFrom.map { tokens - $0 } ?? 0
        return byteSum([batch, pooling.first + averaged + pooling.rows, width])
    }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let x = try backend.upload(input("x", [batch, tokens, width]))
        return { [try backend.pooledTokens(x, pooling)] }
    }
}

/// ``Backend/gather(_:rows:after:)`` of every second image in reverse order.
package struct GatherOperation: NetworkOperation {
    package let name = "gather"
    let batch: Int
    let width: Int
    let first: Int

    package init(batch: Int, width: Int, after first: Int = 0) {
        self.batch = batch
        self.width = width
        self.first = first
    }

    private var rows: [Int] { Array(stride(from: batch - 1, through: 0, by: -2)) }

    package var sizes: String {
        "B=\(batch) -> \(rows.count) of \(width)" + (first > 0 ? " after \(first)" : "")
    }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int { byteSum([2, first + rows.count, width]) }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let x = try backend.upload(input("x", [batch, width]))
        let others = first > 0 ? try backend.upload(input("others", [first, width])) : nil
        return { [try backend.gather(x, rows: rows, after: others)] }
    }
}

/// ``Backend/confidence(_:criterion:temperature:)``; its outputs are three tensors: classes,
/// probabilities and scores.
package struct ConfidenceOperation: NetworkOperation {
    package let name = "confidence"
    package let hasGradient = false
    let batch: Int
    let classes: Int
    let criterion: ExitCriterion
    let temperature: Float

    package init(
        batch: Int, classes: Int, criterion: ExitCriterion = .confidence, temperature: Float = 1
    ) {
        self.batch = batch
        self.classes = classes
        self.criterion = criterion
        self.temperature = temperature
    }

    private var isPlain: Bool { criterion == .confidence && temperature == 1 }

    package var sizes: String {
        "B=\(batch) classes=\(classes)"
            + (isPlain ? "" : " \(criterion.rawValue) temperature=\(temperature)")
    }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int { byteSum([batch, classes], [batch, isPlain ? 2 : 3]) }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let logits = try backend.upload(input("logits", [batch, classes], scale: 4))
        return {
            let values = try backend.confidence(
                logits, criterion: criterion, temperature: temperature)
            let columns = [
                values.map { Float($0.classIndex) }, values.map(\.probability),
                values.map(\.score),
            ]
            return try columns.map { try backend.upload(Tensor([values.count], values: $0)) }
        }
    }
}
