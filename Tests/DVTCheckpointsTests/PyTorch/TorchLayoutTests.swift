import DVTCheckpoints
import DVTCore
import Testing

/// Finding the weights and the metadata in a checkpoint.
@Suite struct TorchLayoutTests {
    private static let weights: Python = [
        "head.weight": .tensor(.storage(count: 6), [2, 3], [3, 1]),
        "head.bias": .tensor(.storage(count: 6), offset: 4, [2], [1]),
    ]
    private static let storages = ["0": floatBytes([0, 1, 2, 3, 4, 5])]

    private func open(_ root: Python) throws -> PyTorchCheckpoint {
        try openTorch(torchZip(root, Self.storages).bytes)
    }

    @Test(arguments: [
        nil, "model_state_dict", "state_dict_ema", "ema_state_dict", "state_dict", "model",
        "model_ema", "module", "net", "teacher", "student",
    ])
    func weightsAreFoundUnderEveryWrapper(key: String?) throws {
        let root = key.map { Python.dict([(.text($0), Self.weights), ("epoch", 3)]) }
        let checkpoint = try open(root ?? Self.weights)
        #expect(checkpoint.shapes == ["head.weight": [2, 3], "head.bias": [2]])
        #expect(try checkpoint.tensor(named: "head.weight").values == [0, 1, 2, 3, 4, 5])
        #expect(try checkpoint.tensor(named: "head.bias").values == [4, 5])
        #expect(checkpoint.metadata == (key == nil ? [:] : ["epoch": "3"]))
        #expect(checkpoint.origin.hasSuffix("model.pth"))
    }

    /// timm evaluates the averaged weights of a file that has both, and DINO its teacher.
    @Test(arguments: [
        ("state_dict", "state_dict_ema"), ("model", "model_ema"), ("state_dict", "ema_state_dict"),
        ("student", "teacher"),
    ])
    func averagedWeightsComeFirst(plain: String, averaged: String) throws {
        let checkpoint = try open(
            .dict([
                (.text(plain), ["other": .vector(count: 6)]), (.text(averaged), Self.weights),
                ("optimizer", ["state": 1]),
            ]))
        #expect(checkpoint.shapes.keys.sorted() == ["head.bias", "head.weight"])
        #expect(checkpoint.weightsKey == averaged && checkpoint.otherKeys == [plain])
    }

    @Test func theKeyOfTheWeightsMayBeChosen() throws {
        let root: Python = [
            "model": Self.weights, "model_ema": ["other": .vector(count: 6)],
            "odd": ["third": .vector(count: 6)], "epoch": 3,
        ]
        for (key, names) in [
            ("model", ["head.bias", "head.weight"]), ("model_ema", ["other"]), ("odd", ["third"]),
        ] {
            let checkpoint = try openTorch(torchZip(root, Self.storages).bytes, key: key)
            #expect(checkpoint.shapes.keys.sorted() == names && checkpoint.weightsKey == key)
        }
        let error = #expect(throws: PyTorchCheckpointError.self) {
            try openTorch(torchZip(root, Self.storages).bytes, key: "epoch")
        }
        #expect(
            error?.problem
                == .noTensors(key: "epoch", keys: ["model", "model_ema", "odd", "epoch"]))
    }

    /// A tensor next to a wrapper does not make the whole file a state dictionary.
    @Test func theFirstWrapperThatHoldsTensorsIsTaken() throws {
        let checkpoint = try open([
            "dynamic_threshold": .tensor(.storage(count: 6), [3, 2], [2, 1]),
            "model": ["other": .vector(count: 6)],
            "state_dict": Self.weights,
            "model_state_dict": ["nothing": 1],
        ])
        #expect(checkpoint.shapes.keys.sorted() == ["head.bias", "head.weight"])
        #expect(
            checkpoint.metadata == [
                "dynamic_threshold": "[[0.0,1.0],[2.0,3.0],[4.0,5.0]]",
                "model": #"{"other":[0.0,1.0,2.0,3.0,4.0,5.0]}"#,
                "model_state_dict": #"{"nothing":1}"#,
            ])
    }

    @Test func wrappersAndDictionariesMayBeNested() throws {
        let twice = try open(["state_dict": ["model": Self.weights, "epoch": 1]])
        #expect(twice.shapes.keys.sorted() == ["head.bias", "head.weight"])
        let nested = try open(["model": ["stage": ["head": .vector(count: 6)], "depth": 2]])
        #expect(nested.shapes == ["stage.head": [6]])
        let mixed = try open(["w": .vector(count: 6), "model.": ["x": 1], "sub": Self.weights])
        #expect(mixed.shapes.keys.sorted() == ["sub.head.bias", "sub.head.weight", "w"])
    }

    @Test func otherValuesAreIgnored() throws {
        let checkpoint = try open([
            "w": .vector(count: 6), "version": "a", 7: .vector(count: 6), "list": [1],
            "made": .call(.global("my.module", "make"), [.vector(count: 6)]),
            "sparse": .call(
                .global("torch._utils", "_rebuild_tensor_v2"),
                [
                    .persistent(
                        .tuple(["storage", .global("torch", "OddStorage"), "0", "cpu", 6])),
                    0, .tuple([6]), .tuple([1]),
                ]),
        ])
        #expect(checkpoint.shapes == ["w": [6]])
    }

    @Test func metadataIsTextOrJSON() throws {
        let checkpoint = try open([
            "model": Self.weights, "flops": [0.01, 0.03], "name": "tiny \"a\"",
            "lost": [.float(.nan), .float(.infinity), .none], "flags": .tuple([.bool(true)]),
            "map": ["a": 1, 2: -3], "odd": [.float(1): 2], "raw": .bytes([1]),
            "args": .build(.call(.global("argparse", "Namespace"), []), ["lr": 0.5]),
            "inner": [.global("torch", "float32")],
            "optimizer": ["state": [0: .tensor(.storage(count: 6), [4097], [0])]],
        ])
        #expect(
            checkpoint.metadata == [
                "flops": "[0.01,0.03]", "name": "tiny \"a\"", "lost": "[null,null,null]",
                "flags": "[true]", "map": #"{"a":1,"2":-3}"#,
            ])
    }

    @Test func numbersOfNumPyAreMetadata() throws {
        func type(_ code: String, order: String = "<") -> Python {
            .build(
                .call(.global("numpy", "dtype"), [.text(code), .bool(false), .bool(true)]),
                .tuple([3, .text(order), .none]))
        }
        func scalar(_ type: Python, _ bytes: Python) -> Python {
            .call(.global("numpy.core.multiarray", "scalar"), [type, bytes])
        }
        func array(_ sizes: [Int], _ fortran: Bool, _ bytes: [UInt8]) -> Python {
            .build(
                .call(
                    .global("numpy.core.multiarray", "_reconstruct"),
                    [.global("numpy", "ndarray"), .tuple([0]), "b"]),
                .tuple([
                    1, .tuple(sizes.map(Python.int)), type("f4"), .bool(fortran), .bytes(bytes),
                ]))
        }
        let floats = floatBytes([0, 1, 2, 3, 4, 5])
        let checkpoint = try open([
            "model": Self.weights,
            "best": scalar(type("f8"), .bytes(littleEndian((0.1).bitPattern))),
            "single": scalar(type("f4"), .bytes(floatBytes([0.1]))),
            "encoded": scalar(
                type("i2"), .call(.global("_codecs", "encode"), ["\u{FE}\u{FF}", "latin1"])),
            "big": scalar(type("f8", order: ">"), .bytes([0, 0, 0, 0, 0, 0, 0, 0])),
            "rows": array([2, 3], false, floats), "columns": array([2, 3], true, floats),
            "short": array([2, 4], false, floats), "negative": array([-2, -3], false, floats),
        ])
        #expect(
            checkpoint.metadata == [
                "best": "0.1", "single": "0.1", "encoded": "-2",
                "rows": "[[0.0,1.0,2.0],[3.0,4.0,5.0]]",
                "columns": "[[0.0,2.0,4.0],[1.0,3.0,5.0]]",
            ])
    }

    @Test func filesWithoutWeightsAreRefused() throws {
        func problem(_ root: Python) throws -> PyTorchCheckpointError.Problem? {
            try torchProblem(of: torchZip(root, Self.storages).bytes)
        }
        #expect(
            try problem(["epoch": 1, "optimizer": ["a": .vector(count: 6)]])
                == .noStateDictionary(keys: ["epoch", "optimizer"]))
        #expect(try problem([:]) == .noStateDictionary(keys: []))
        #expect(try problem([1, 2]) == .notADictionary("a list"))
        #expect(try problem(.vector(count: 6)) == .notADictionary("one tensor"))
        #expect(
            try problem(.call(.global("models.dvt", "DVT"), []))
                == .notADictionary("an object of models.dvt.DVT"))
    }

    @Test func ambiguousNamesAreRefused() throws {
        let vector = Python.vector(count: 6)
        #expect(
            try torchProblem(
                of: torchZip(["a.b": vector, "a": ["b": vector]], Self.storages).bytes)
                == .repeatedName("a.b"))
        #expect(
            try torchProblem(
                of: torchZip(["é": vector, "e\u{301}": vector], Self.storages).bytes)
                == .repeatedName("é"))
        // As in Python, the last value of a repeated key is used.
        let twice = try open(["w": vector, "w": .tensor(.storage(count: 6), [2], [1])])
        #expect(twice.shapes == ["w": [2]])
        let half = String(repeating: "n", count: 512)
        let long = Python.dict([("w", vector), (.text(half), .dict([(.text(half), vector)]))])
        #expect(
            try torchProblem(of: torchZip(long, Self.storages).bytes)
                == .nameTooLong(half + "." + half, limit: 1024))
    }
}
