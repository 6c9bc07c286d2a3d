import DVTCheckpoints
import DVTCore
import Testing

/// The layout before PyTorch 1.6.
@Suite struct TorchLegacyTests {
    private static let root: Python = [
        "a": .tensor(.storage("10", count: 6, view: Python.none), [3, 2], [1, 3]),
        "b": .vector("2", "HalfStorage", count: 2),
        "part": .tensor(.storage("10", count: 6, view: .tuple(["11", 4, 2])), [2], [1]),
    ]
    private static let storages: [(key: String, count: Int, bytes: [UInt8])] = [
        ("2", 2, [0, 0x3C, 0, 0xC0]), ("10", 6, floatBytes([0, 1, 2, 3, 4, 5])),
    ]

    @Test func storagesAreReadInOrder() throws {
        for keys in [Self.storages, Self.storages.reversed()] {
            let checkpoint = try openTorch(torchLegacy(Self.root, keys))
            #expect(checkpoint.shapes == ["a": [3, 2], "b": [2], "part": [2]])
            #expect(try checkpoint.tensor(named: "a").values == [0, 3, 1, 4, 2, 5])
            #expect(try checkpoint.tensor(named: "b").values == [1, -2])
            #expect(try checkpoint.tensor(named: "part").values == [4, 5])
        }
    }

    /// Files as Python 2 and the first versions of PyTorch wrote them.
    @Test func filesOfOldVersionsAreRead() throws {
        let pairs = Python.call(
            .global("collections", "OrderedDict"),
            [[["w", .vector("2", "HalfStorage", count: 2)]]])
        let module = Python.persistent(
            .tuple(["module", .global("my.models", "Net"), "net.py", "class Net: pass"]))
        let root: Python = ["state_dict": pairs, "net": module]
        let checkpoint = try openTorch(torchLegacy(root, [Self.storages[0]]))
        #expect(try checkpoint.tensor(named: "w").values == [1, -2])
        #expect(checkpoint.metadata.isEmpty)
    }

    @Test func viewsOfStoragesLimitTheirTensors() throws {
        let root: Python = [
            "w": .tensor(.storage("0", count: 6, view: .tuple(["1", 4, 2])), [3], [1])
        ]
        #expect(
            try torchProblem(of: torchLegacy(root, [("0", 6, floatBytes([0, 1, 2, 3, 4, 5]))]))
                == .outsideStorage(tensor: "w", shape: [3], strides: [1], offset: 0, available: 2))
    }

    @Test func falseSizesAreRefused() throws {
        func problem(_ bytes: [UInt8]) throws -> PyTorchCheckpointError.Problem? {
            try torchProblem(of: bytes)
        }
        let root: Python = ["w": .vector(count: 2)]
        let good = ("0", 2, floatBytes([1, 2]))
        #expect(try problem(torchLegacy(root, [good])) == nil)
        #expect(
            try problem(torchLegacy(root, [good], version: 1000)) == .unsupportedLegacyVersion)
        #expect(
            try problem(torchLegacy(root, [good], littleEndian: false)) == .bigEndian)
        #expect(try problem(torchLegacy(root, [])) == .noSuchStorage(tensor: "w", key: "0"))
        #expect(try problem(torchLegacy(root, [("1", 0, [])])) == .invalidStorageKeys)
        #expect(
            try problem(torchLegacy(root, [("0", 3, floatBytes([1, 2]))]))
                == .legacyStoragePastEnd(key: "0", elementCount: 3, available: 8))
        #expect(
            try problem(torchLegacy(root, [("0", .max, [])]))
                == .legacyStoragePastEnd(
                    key: "0", elementCount: UInt64(Int.max), available: 0))
        #expect(
            try problem(torchLegacy(root, [("0", 1, floatBytes([1]))]))
                == .storageCutShort(
                    tensor: "w", key: "0", elementCount: 2, type: "float32", available: 4))
        #expect(
            try problem(
                legacyMagic + Python.int(1001).pickle + Python.none.pickle
                    + root.pickle + Python.none.pickle) == .invalidStorageKeys)
    }
}
