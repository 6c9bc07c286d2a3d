import DVTCheckpoints
import DVTCore
import Testing

/// Views, element types, and invalid views.
@Suite struct TorchTensorTests {
    private func values(_ tensor: Python, _ values: [Float] = [0, 1, 2, 3, 4, 5]) throws -> Tensor {
        try openTorch(torchZip(["w": tensor], ["0": floatBytes(values)]).bytes).tensor(named: "w")
    }

    @Test func viewsAreGathered() throws {
        let storage = Python.storage(count: 6)
        let cases: [(Python, Tensor)] = [
            (.tensor(storage, [2, 3], [3, 1]), Tensor([2, 3], values: [0, 1, 2, 3, 4, 5])),
            (.tensor(storage, [3, 2], [1, 3]), Tensor([3, 2], values: [0, 3, 1, 4, 2, 5])),
            (.tensor(storage, offset: 2, [2, 2], [2, 1]), Tensor([2, 2], values: [2, 3, 4, 5])),
            (.tensor(storage, offset: 1, [3], [2]), Tensor([3], values: [1, 3, 5])),
            (.tensor(storage, offset: 5, [2, 2], [0, 0]), Tensor([2, 2], values: [5, 5, 5, 5])),
            (.tensor(storage, [2, 1, 2], [0, 9, 4]), Tensor([2, 1, 2], values: [0, 4, 0, 4])),
            (.tensor(storage, offset: 4, [], []), Tensor([], values: [4])),
            (
                .tensor(storage, [2, 1, 3], [3, 77, 1]),
                Tensor([2, 1, 3], values: [0, 1, 2, 3, 4, 5])
            ),
            (.tensor(storage, [0], [1]), Tensor([0], values: [])),
            (.tensor(storage, offset: 99, [3, 0, 2], [5, 5, 5]), Tensor([3, 0, 2], values: [])),
        ]
        for (tensor, expected) in cases { #expect(try values(tensor) == expected) }
        let empty = Python.tensor(.storage(count: 0), [0, 3], [3, 1])
        #expect(try values(empty, []) == Tensor([0, 3], values: []))
    }

    @Test func everyTensorConstructorIsRecognized() throws {
        let storage = Python.storage(count: 6)
        let vector = Python.vector(count: 6)
        let parts: [Python] = [storage, 0, .tuple([6]), .tuple([1])]
        let hooks = Python.call(.global("collections", "OrderedDict"), [])
        let ways: [Python] = [
            .call(.global("torch._utils", "_rebuild_tensor"), parts),
            .call(.global("torch._utils", "_rebuild_parameter"), [vector, .bool(true), hooks]),
            .call(.global("torch.nn.parameter", "Parameter"), [vector, .bool(true)]),
            .build(vector, ["attribute": 1]),
            .call(
                .global("torch._utils", "_rebuild_tensor_v2"),
                [
                    storage, 0, .call(.global("torch", "Size"), [.tuple([6])]), [1],
                    .bool(false), hooks, .none,
                ]),
            .call(
                .global("torch._tensor", "_rebuild_from_type_v2"),
                [
                    .global("torch._utils", "_rebuild_tensor"), .global("torch", "Tensor"),
                    .tuple(parts), .dict([]),
                ]),
            .raw(
                Python.global("torch.nn.parameter", "Parameter").operations
                    + Python.tuple([vector]).operations + [0x81]),
        ]
        for way in ways { #expect(try values(way).values == [0, 1, 2, 3, 4, 5]) }
    }

    @Test func floatingPointTypesAreConverted() throws {
        let cases: [(String, [UInt8], [Float])] = [
            ("HalfStorage", [0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00], [1, -2, 0x1p-24]),
            ("BFloat16Storage", [0x80, 0x3F, 0x49, 0x40, 0x80, 0xFF], [1, 3.140625, -.infinity]),
            (
                "DoubleStorage", [0.1, -2, .infinity].flatMap { littleEndian($0.bitPattern) },
                [0.1, -2, .infinity]
            ),
        ]
        for (type, bytes, expected) in cases {
            let checkpoint = try openTorch(
                torchZip(
                    [
                        "whole": .vector("0", type, count: 3),
                        "ends": .tensor(.storage("0", type, count: 3), [2], [2]),
                    ], ["0": bytes]
                ).bytes)
            #expect(try checkpoint.tensor(named: "whole").values == expected)
            #expect(try checkpoint.tensor(named: "ends").values == [expected[0], expected[2]])
        }
    }

    @Test(arguments: [
        ("LongStorage", "int64", 8), ("IntStorage", "int32", 4), ("ShortStorage", "int16", 2),
        ("CharStorage", "int8", 1), ("ByteStorage", "uint8", 1), ("BoolStorage", "bool", 1),
        ("ComplexFloatStorage", "complex64", 8), ("ComplexDoubleStorage", "complex128", 16),
        ("QInt8Storage", "qint8", 1), ("QUInt8Storage", "quint8", 1),
        ("QInt32Storage", "qint32", 4),
    ])
    func otherTypesAreListedButNotRead(storage: String, type: String, size: Int) throws {
        let bytes = torchZip(
            ["w": .vector("0", storage, count: 2)], ["0": [UInt8](repeating: 1, count: 2 * size)]
        ).bytes
        #expect(try openTorch(bytes).shapes == ["w": [2]])
        #expect(try torchProblem(of: bytes) == .unsupportedType(tensor: "w", type: type))
        #expect(
            try torchProblem(
                of: torchZip(["w": .vector("0", storage, count: 2)], ["0": [1]]).bytes)
                == .storageCutShort(
                    tensor: "w", key: "0", elementCount: 2, type: type, available: 1))
    }

    @Test func anUntypedStorageTakesTheTypeOfTheTensor() throws {
        func tensor(_ type: String, sizes: Int) -> Python {
            .call(
                .global("torch._utils", "_rebuild_tensor_v3"),
                [
                    .storage("0", "UntypedStorage", count: 24), 0, .tuple([.int(sizes)]),
                    .tuple([1]), .bool(false), .dict([]), .global("torch", type),
                ])
        }
        #expect(try values(tensor("float32", sizes: 6)).values == [0, 1, 2, 3, 4, 5])
        #expect(
            try torchProblem(ofTensor: tensor("float8_e4m3fn", sizes: 24))
                == .unsupportedType(tensor: "w", type: "float8_e4m3fn"))
        #expect(
            try torchProblem(ofTensor: tensor("float32", sizes: 7))
                == .outsideStorage(tensor: "w", shape: [7], strides: [1], offset: 0, available: 6))
        #expect(
            try torchProblem(ofTensor: tensor("odd", sizes: 6)) == .noStateDictionary(keys: ["w"]))
    }

    @Test(arguments: [
        (0, [7], [1]), (1, [6], [1]), (6, [1], [1]), (0, [2, 3], [4, 1]), (0, [2], [6]),
        (.max, [1], [1]), (.max, [2], [1]), (0, [2, 2], [.max, .max]), (0, [3], [.max]),
        (6, [], []),
    ])
    func elementsOutsideTheStorageAreRefused(offset: Int, sizes: [Int], strides: [Int]) throws {
        #expect(
            try torchProblem(
                ofTensor: .tensor(.storage(count: 6), offset: offset, sizes, strides))
                == .outsideStorage(
                    tensor: "w", shape: sizes, strides: strides, offset: offset, available: 6))
    }

    @Test(arguments: [(-1, [1], [1]), (0, [-1], [1]), (0, [2], [-1]), (0, [-2, -3], [3, 1])])
    func negativeExtentsAreRefused(offset: Int, sizes: [Int], strides: [Int]) throws {
        #expect(
            try torchProblem(
                ofTensor: .tensor(.storage(count: 6), offset: offset, sizes, strides))
                == .negativeExtent(tensor: "w", shape: sizes, strides: strides, offset: offset))
    }

    @Test func overflowingSizesAreRefused() throws {
        let storage = Python.storage(count: 6)
        let large = [1 << 32, 1 << 32, 0]
        #expect(
            try torchProblem(ofTensor: .tensor(storage, large, [0, 0, 0]))
                == .sizeOverflow(tensor: "w", shape: large))
        #expect(
            try torchProblem(ofTensor: .tensor(storage, [1 << 24, 2], [0, 0]))
                == .repeatsTooOften(tensor: "w", shape: [1 << 24, 2], limit: 1 << 24))
        #expect(
            try torchProblem(ofTensor: .tensor(storage, [2, 3], [1]))
                == .axisCount(tensor: "w", sizes: 2, strides: 1, limit: 64))
        let axes = [Int](repeating: 1, count: 65)
        #expect(
            try torchProblem(ofTensor: .tensor(storage, axes, axes))
                == .axisCount(tensor: "w", sizes: 65, strides: 65, limit: 64))
    }

    @Test func storagesMustExistAndBeLargeEnough() throws {
        #expect(
            try torchProblem(ofTensor: .vector("1", count: 6))
                == .noSuchStorage(tensor: "w", key: "1"))
        #expect(
            try torchProblem(ofTensor: .vector(count: 7))
                == .storageCutShort(
                    tensor: "w", key: "0", elementCount: 7, type: "float32", available: 24))
        #expect(
            try torchProblem(ofTensor: .tensor(.storage(count: .max), [1], [1]))
                == .storageCutShort(
                    tensor: "w", key: "0", elementCount: .max, type: "float32", available: 24))
        let both: Python = ["a": .vector(count: 6), "b": .vector("0", "HalfStorage", count: 6)]
        #expect(
            try torchProblem(of: torchZip(both, ["0": floatBytes([0, 1, 2, 3, 4, 5])]).bytes)
                == .storageRedefined(key: "0"))
    }

    @Test func aMissingTensorIsNamed() throws {
        let checkpoint = try openTorch(
            torchZip(["w": .vector(count: 1)], ["0": floatBytes([1])]).bytes)
        let error = #expect(throws: PyTorchCheckpointError.self) {
            try checkpoint.tensor(named: "v")
        }
        #expect(error?.problem == .noSuchTensor("v"))
    }

    @Test func manyThreadsReadOneFile() async throws {
        let checkpoint = try openTorch(
            torchZip(
                ["w": .tensor(.storage(count: 6), [3, 2], [1, 3])],
                ["0": floatBytes([0, 1, 2, 3, 4, 5])]
            ).bytes)
        try await withThrowingTaskGroup(of: Tensor.self) { group in
            for _ in 0..<16 { group.addTask { try checkpoint.tensor(named: "w") } }
            for try await tensor in group { #expect(tensor.values == [0, 3, 1, 4, 2, 5]) }
        }
    }
}
