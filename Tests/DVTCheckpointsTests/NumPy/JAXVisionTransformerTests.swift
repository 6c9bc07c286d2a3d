import DVTCheckpoints
import DVTCore
import DVTSupport
import Testing

private let block = "Transformer/encoderblock_0/"
private let attention = block + "MultiHeadDotProductAttention_1/"

@Suite struct JAXVisionTransformerTests {
    /// An array of ascending integers from 0, in row-major order.
    private func array(_ shape: [Int]) -> [UInt8] {
        let extents = shape.map(String.init).joined(separator: ", ")
        let count = shape.reduce(1, *)
        return npy(
            "<f4", "(\(extents)\(shape.count == 1 ? "," : ""))",
            floatBytes((0..<count).map(Float.init)))
    }

    private func open(_ shapes: [String: [Int]], prefix: String = "") throws -> any NamedTensors {
        let folder = try TemporaryFolder()
        let arrays = shapes.map { (prefix + $0.key, array($0.value)) }
        return try Checkpoint.open(
            path: folder.file(npz(Dictionary(uniqueKeysWithValues: arrays)), named: "vit.npz"))
    }

    private let shapes = [
        "embedding/kernel": [2, 1, 3, 2], attention + "query/kernel": [2, 3, 1],
        attention + "key/kernel": [2, 3, 1], attention + "value/kernel": [2, 3, 1],
        attention + "query/bias": [3, 1], attention + "key/bias": [3, 1],
        attention + "value/bias": [3, 1], attention + "out/kernel": [3, 1, 2],
        block + "MlpBlock_3/Dense_0/kernel": [2, 4], block + "LayerNorm_2/scale": [2],
        "pre_logits/kernel": [2, 2],
    ]

    /// `[height, width, inputs, outputs]` and the like become `[outputs, inputs, ...]`.
    @Test(arguments: ["", "opt/target/", "params/"])
    func elementsAreReordered(prefix: String) throws {
        let file = try #require(try open(shapes, prefix: prefix) as? JAXVisionTransformer)
        #expect(file.heads == 3)
        let expected: [String: Tensor] = [
            "patch_embed.proj.weight": Tensor(
                [2, 3, 2, 1], values: [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]),
            "blocks.0.attn.qkv.weight": Tensor(
                [9, 2], values: [0, 3, 1, 4, 2, 5, 0, 3, 1, 4, 2, 5, 0, 3, 1, 4, 2, 5]),
            "blocks.0.attn.qkv.bias": Tensor([9], values: [0, 1, 2, 0, 1, 2, 0, 1, 2]),
            "blocks.0.attn.proj.weight": Tensor([2, 3], values: [0, 2, 4, 1, 3, 5]),
            "blocks.0.mlp.fc1.weight": Tensor([4, 2], values: [0, 4, 1, 5, 2, 6, 3, 7]),
            "blocks.0.norm2.weight": Tensor([2], values: [0, 1]),
            "pre_logits.fc.weight": Tensor([2, 2], values: [0, 2, 1, 3]),
        ]
        #expect(file.shapes == expected.mapValues(\.shape))
        for (name, tensor) in expected { #expect(try file.tensor(named: name) == tensor) }
    }

    /// Parameters of other names keep them, so the check of the weights reports them.
    @Test func otherNamesAreKept() throws {
        var shapes = shapes
        shapes["opt/state/step"] = [1]
        shapes["Transformer/encoderblock_0/LayerNorm_9/scale"] = [2]
        shapes["head/kernel"] = [2, 2, 2]
        let file = try open(shapes)
        for name in [
            "opt/state/step", "Transformer/encoderblock_0/LayerNorm_9/scale", "head/kernel",
        ] {
            #expect(file.shapes[name] == Shape(try #require(shapes[name])))
        }
        // Without the patches' kernel it is any archive.
        shapes["embedding/kernel"] = nil
        #expect(try open(shapes) is NumPyArchive)
    }

    @Test(arguments: [
        ("MAPHead_0/probe", "pools by attention"), ("pos_embedding", "a ViT of big_vision"),
        ("conv_root/kernel", "a ResNet before a ViT"),
        ("Transformer/encoderblock/LayerNorm_0/scale", "blocks in one array"),
    ])
    func otherNetworksAreNamed(name: String, part: String) throws {
        var shapes = shapes
        shapes[name] = [1, 1]
        let error = #expect(throws: NumPyError.self) { try open(shapes) }
        #expect(error?.description.contains("has \"\(name)\": it is ") == true)
        #expect(error?.description.contains(part) == true)
        try expectOneLine(#require(error), naming: try #require(error?.path))
    }

    @Test func partsMustFitEachOther() throws {
        var shapes = shapes
        shapes[attention + "key/kernel"] = [2, 1, 3]
        var error = #expect(throws: NumPyError.self) { try open(shapes) }
        guard case .headsDiffer(_, _, let others)? = error?.problem else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(others == 1 || others == 3)
        shapes[attention + "key/kernel"] = [4, 3, 1]
        error = #expect(throws: NumPyError.self) { try open(shapes) }
        guard case .shapesDiffer? = error?.problem else {
            Issue.record("\(String(describing: error))")
            return
        }
        // Extents that would overflow if they were multiplied.
        let folder = try TemporaryFolder()
        let huge = npy("<f4", "(0, 4611686018427387904, 4611686018427387904)", [])
        let path = try folder.file(
            npz(["embedding/kernel": array([1, 1, 1, 1]), attention + "query/kernel": huge]))
        #expect(try Checkpoint.open(path: path).shapes.count == 2)
    }

    /// Parameters of any shape are values, keep their names or are an error.
    @Test func otherShapesAreValuesOrErrors() throws {
        let random = SeededValues(name: "shapes", seed: 1)
        var draw = 0
        func next(below limit: Int) -> Int {
            draw += 1
            return Int(random.bits(draw) >> 33) % limit
        }
        let folder = try TemporaryFolder()
        for _ in 0..<500 {
            var changed = shapes
            for _ in 0...next(below: 4) {
                let name = shapes.keys.sorted()[next(below: shapes.count)]
                changed[name] = (0..<next(below: 5)).map { _ in next(below: 4) }
            }
            let arrays = changed.map { ($0.key, array($0.value)) }
            let path = try folder.file(npz(Dictionary(uniqueKeysWithValues: arrays)))
            do {
                let file = try Checkpoint.open(path: path)
                for (name, shape) in file.shapes {
                    let tensor = try file.tensor(named: name)
                    #expect(tensor.shape == shape && tensor.values.count == shape.elementCount)
                }
            } catch {
                expectOneLine(error, naming: path)
            }
        }
    }
}
