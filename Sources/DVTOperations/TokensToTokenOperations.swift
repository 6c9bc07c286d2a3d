import DVTCore

/// ``Backend/softSplit(_:geometry:)`` of images or tokens.
package struct SoftSplitOperation: NetworkOperation {
    package let name = "softSplit"
    let batch: Int
    let channels: Int
    let side: Int
    let geometry: PatchGeometry
    let isOfTokens: Bool

    package init(
        batch: Int, channels: Int, side: Int, geometry: PatchGeometry, ofTokens: Bool = false
    ) {
        self.batch = batch
        self.channels = channels
        self.side = side
        self.geometry = geometry
        isOfTokens = ofTokens
    }

    private var shape: Shape {
        isOfTokens ? [batch, side * side, channels] : [batch, channels, side, side]
    }

    package var sizes: String {
        """
        B=\(batch) C=\(channels) S=\(side) k=\(geometry.kernel) stride=\(geometry.stride) \
        padding=\(geometry.padding)\(isOfTokens ? " tokens" : "")
        """
    }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int {
        let grid = geometry.gridSize(imageSize: side)
        let patch = channels * geometry.kernel * geometry.kernel
        return byteSum(shape, [batch, grid * grid, patch])
    }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let x = try backend.upload(input("x", shape))
        return { [try backend.softSplit(x, geometry: geometry)] }
    }
}

/// ``Backend/performerAttention(_:randomFeatures:)``.
package struct PerformerOperation: NetworkOperation {
    package let name = "performerAttention"
    let batch: Int
    let tokens: Int
    let width: Int
    let features: Int

    package init(batch: Int, tokens: Int, width: Int = 64, features: Int = 32) {
        self.batch = batch
        self.tokens = tokens
        self.width = width
        self.features = features
    }

    package var sizes: String { "B=\(batch) T=\(tokens) E=\(width) m=\(features)" }
    package var multiplyAdds: Int { batch * tokens * features * (4 * width + 1) }
    package var byteCount: Int { byteSum([4, batch, tokens, width], [features, width]) }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let kqv = try backend.upload(input("kqv", [batch, tokens, 3 * width], scale: 0.5))
        let w = try backend.makeLinear(
            LinearParameters(weight: backend.upload(input("w", [features, width])), bias: nil))
        return { [try backend.performerAttention(kqv, randomFeatures: w)] }
    }
}

/// ``Backend/columns(_:_:)`` for the last third, like the values of a fused q, k and v.
package struct ColumnsOperation: NetworkOperation {
    package let name = "columns"
    let batch: Int
    let tokens: Int
    let width: Int

    package init(batch: Int, tokens: Int, width: Int) {
        self.batch = batch
        self.tokens = tokens
        self.width = width
    }

    package var sizes: String { "B=\(batch) T=\(tokens) \(3 * width)->\(width)" }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int { byteSum([2, batch, tokens, width]) }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let x = try backend.upload(input("x", [batch, tokens, 3 * width]))
        return { [try backend.columns(x, 2 * width..<3 * width)] }
    }
}
