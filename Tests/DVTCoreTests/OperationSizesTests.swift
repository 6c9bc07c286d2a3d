import DVTCore
import Testing

@Suite struct OperationSizesTests {
    @Test func patchGeometryCountsPatches() {
        #expect(PatchGeometry(kernel: 16).gridSize(imageSize: 224) == 14)
        #expect(PatchGeometry(kernel: 23, padding: 3).gridSize(imageSize: 224) == 10)
        #expect(PatchGeometry(kernel: 32).gridSize(imageSize: 31) == 0)
        #expect(PatchGeometry(kernel: 7, stride: 4, padding: 2).gridSize(imageSize: 224) == 56)
    }

    @Test func linearAcceptsConvolutionWeights() throws {
        let sizes = try LinearSizes(
            x: [2, 5, 3], weight: [4, 3, 1, 1], bias: [4], residual: [2, 5, 4])
        #expect(sizes.rows == 10)
        #expect(sizes.outputShape == [2, 5, 4])
    }

    @Test func linearNamesTheMismatch() {
        #expect(
            throws: ShapeError.mismatch(name: "linear weight", expected: [4, 3], actual: [4, 2])
        ) {
            try LinearSizes(x: [5, 3], weight: [4, 2], bias: nil, residual: nil)
        }
        #expect(throws: ShapeError.mismatch(name: "linear bias", expected: [4], actual: [3])) {
            try LinearSizes(x: [5, 3], weight: [4, 3], bias: [3], residual: nil)
        }
        #expect(
            throws: ShapeError.mismatch(name: "linear residual", expected: [5, 4], actual: [4, 5])
        ) {
            try LinearSizes(x: [5, 3], weight: [4, 3], bias: nil, residual: [4, 5])
        }
    }

    @Test func layerNormCountsAppendedColumns() throws {
        let sizes = try LayerNormSizes(
            x: [2, 3, 8], features: [2, 3, 4], weight: [12], bias: [12])
        #expect(sizes.outputShape == [2, 3, 12])
        #expect(throws: ShapeError.self) {
            try LayerNormSizes(x: [2, 3, 8], features: [3, 2, 4], weight: [12], bias: [12])
        }
    }

    @Test func attentionRefusesHeadsThatDoNotDivide() {
        #expect(throws: ShapeError.self) {
            try AttentionSizes(
                qkv: [1, 5, 24], heads: 3, queries: .allTokens, reusing: nil, keeping: nil)
        }
        #expect(throws: ShapeError.self) {
            try AttentionSizes(
                qkv: [1, 5, 24], heads: 0, queries: .allTokens, reusing: nil, keeping: nil)
        }
    }

    @Test func attentionRefusesMissingChannels() throws {
        struct Stored: BackendTensor { let shape: Shape }
        let relations = ReusedRelations(
            coarse: Stored(shape: [1, 4, 2, 2]), channel: 3,
            resampling: GridResampling(from: 1, to: 2))
        #expect(throws: ShapeError.self) {
            try AttentionSizes(
                qkv: [1, 5, 24], heads: 2, queries: .allTokens, reusing: RelationShape(relations),
                keeping: nil)
        }
        let flat = KeptRelations(store: Stored(shape: [4]), channel: 0)
        #expect(throws: ShapeError.self) {
            try AttentionSizes(
                qkv: [1, 5, 24], heads: 2, queries: .allTokens, reusing: nil,
                keeping: RelationShape(flat))
        }
        let kept = KeptRelations(store: Stored(shape: [1, 4, 4, 4]), channel: 0)
        #expect(
            throws: ShapeError.mismatch(
                name: "kept logits", expected: [1, 4, 5, 5], actual: [1, 4, 4, 4])
        ) {
            try AttentionSizes(
                qkv: [1, 5, 24], heads: 2, queries: .allTokens, reusing: nil,
                keeping: RelationShape(kept))
        }
    }

    @Test func gatherRefusesMissingRows() throws {
        #expect(try gatheredShape([3, 7], rows: [2, 0], after: nil) == [2, 7])
        #expect(try gatheredShape([3, 7], rows: [2, 0], after: [5, 7]) == [7, 7])
        for rows in [[3], [-1]] {
            #expect(throws: ShapeError.self) { try gatheredShape([3, 7], rows: rows, after: nil) }
        }
        for others in [[5, 8], [5, 7, 1], [5], []] {
            #expect(throws: ShapeError.self) {
                try gatheredShape([3, 7], rows: [0], after: Shape(others))
            }
        }
    }

    @Test func softSplitTakesSquareGridsOnly() throws {
        let geometry = PatchGeometry(kernel: 3, stride: 2, padding: 1)
        #expect(try SoftSplitSizes([2, 16, 7], geometry: geometry).outputShape == [2, 4, 63])
        #expect(try SoftSplitSizes([2, 7, 4, 4], geometry: geometry).outputShape == [2, 4, 63])
        for shape: Shape in [[2, 15, 7], [2, 7, 4, 5], [2, 7], [1, 0, 7]] {
            #expect(throws: ShapeError.self) { try SoftSplitSizes(shape, geometry: geometry) }
        }
    }

    @Test func performerRefusesFeaturesOfAnotherWidth() {
        #expect(throws: ShapeError.self) {
            try PerformerSizes(kqv: [1, 5, 24], features: [4, 7])
        }
        #expect(throws: ShapeError.self) {
            try PerformerSizes(kqv: [1, 5, 25], features: [4, 8])
        }
    }

    @Test func messagesAreOneLine() {
        let errors: [ShapeError] = [
            .mismatch(name: "x", expected: [1, 2], actual: [3]),
            .invalid(name: "y", reason: "it is odd"),
        ]
        #expect(errors[0].description == "x has shape [3], but [1, 2] is needed")
        #expect(errors.allSatisfy { !$0.description.contains("\n") })
    }
}
