import DVTCore
import Testing

@testable import DVTCheckpoints

/// Pickles of other protocols, and malicious ones.
@Suite struct TorchPickleTests {
    private static let storages = ["0": floatBytes([1, 2])]

    /// The problem of a checkpoint that has these operations as the value of `x`.
    private func problem(
        _ operations: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> PyTorchCheckpointError.Problem? {
        let root: Python = ["model": ["w": .vector(count: 2)], "x": .raw(operations)]
        return try torchProblem(
            of: torchZip(root, Self.storages).bytes, sourceLocation: sourceLocation)
    }

    private func problem(
        pickle: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> PyTorchCheckpointError.Problem? {
        try torchProblem(
            of: torchZip(pickle: pickle, Self.storages).bytes, sourceLocation: sourceLocation)
    }

    /// The metadata of a checkpoint that has these operations as the value of `x`.
    private func metadata(_ operations: [UInt8]) throws -> String? {
        let root: Python = ["model": ["w": .vector(count: 2)], "x": .raw(operations)]
        return try openTorch(torchZip(root, Self.storages).bytes).metadata["x"]
    }

    @Test(
        arguments: [
            ([0x4A, 0xFF, 0xFF, 0xFF, 0xFF], "-1"), ([0x4B, 0xFF], "255"), ([0x4D, 1, 2], "513"),
            ([0x8A, 0], "0"), ([0x8A, 1, 0x80], "-128"), ([0x8A, 2, 0xFF, 0], "255"),
            ([0x8B, 1, 0, 0, 0, 0xFE], "-2"), ([0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1], nil),
            ([0x47, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0], "1.5"), ([0x88], "true"), ([0x4E], "null"),
            ([0x55, 1, 0x61], "a"), ([0x54, 1, 0, 0, 0, 0x62], "b"), ([0x55, 1, 0xFF], nil),
            ([0x8C, 1, 0x63], "c"), ([0x8D, 1, 0, 0, 0, 0, 0, 0, 0, 0x64], "d"),
            ([0x58, 1, 0, 0, 0, 0xFF], "\u{FFFD}"), ([0x43, 1, 0], nil),
            ([0x8E, 1, 0, 0, 0, 0, 0, 0, 0, 0], nil), ([0x96, 1, 0, 0, 0, 0, 0, 0, 0, 0], nil),
            ([0x29], "[]"), ([0x4B, 1, 0x85], "[1]"), ([0x4B, 1, 0x4B, 2, 0x86], "[1,2]"),
            ([0x4B, 1, 0x4B, 2, 0x4E, 0x87], "[1,2,null]"), ([0x5D, 0x4B, 1, 0x61], "[1]"),
            ([0x7D, 0x8C, 1, 0x61, 0x4B, 1, 0x73], #"{"a":1}"#),
            ([0x8F, 0x28, 0x4B, 1, 0x90], nil), ([0x28, 0x4B, 1, 0x91], nil),
            ([0x95, 9, 0, 0, 0, 0, 0, 0, 0, 0x4B, 1], "1"), ([0x4B, 1, 0x4B, 2, 0x30], "1"),
            ([0x4B, 1, 0x28, 0x4B, 2, 0x31], "1"), ([0x4B, 1, 0x28, 0x30], "1"),
            ([0x4B, 1, 0x71, 5, 0x30, 0x68, 5], "1"),
            ([0x4B, 1, 0x72, 1, 1, 0, 0, 0x30, 0x6A, 1, 1, 0, 0], "1"),
            ([0x4B, 1, 0x94, 0x30, 0x68, 0], "1"),
        ] as [([UInt8], String?)])
    func operationsProduceTheirValues(operations: [UInt8], expected: String?) throws {
        #expect(try metadata(operations) == expected)
        #expect(try problem(operations) == nil)
    }

    /// The state dictionary as protocol 4 writes it: names of globals on the stack, frames.
    @Test func protocolFourIsRead() throws {
        func text(_ text: String) -> Python { .raw([0x8C, UInt8(text.utf8.count)] + text.utf8) }
        func global(_ module: String, _ name: String) -> Python {
            .raw(text(module).operations + text(name).operations + [0x93, 0x94])
        }
        let storage = Python.persistent(
            .tuple([text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), 2]))
        let tensor = Python.call(
            global("torch._utils", "_rebuild_tensor_v2"),
            [storage, 0, .tuple([2]), .tuple([1]), .bool(false), .dict([])])
        let root = Python.dict([(text("w"), tensor)])
        let pickle = [0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0] + root.operations + [0x2E]
        let checkpoint = try openTorch(torchZip(pickle: pickle, Self.storages).bytes)
        #expect(try checkpoint.tensor(named: "w").values == [1, 2])
    }

    @Test(arguments: [
        ("os", "system"), ("posix", "system"), ("nt", "system"), ("sys", "exit"),
        ("subprocess", "Popen"), ("os.path", "join"), ("builtins", "eval"), ("builtins", "exec"),
        ("__builtin__", "getattr"), ("builtins", "__import__"), ("builtins", "getattr.__call__"),
        ("importlib", "import_module"), ("runpy", "_run_code"),
    ])
    func harmfulGlobalsAreRefused(module: String, name: String) throws {
        let call = Python.call(.global(module, name), ["touch /tmp/dvt-must-not-exist"])
        for (root, place) in [(call, 2), (["w": .vector(count: 2), "x": call], nil)] {
            let bytes = torchZip(root, Self.storages).bytes
            guard case .forbiddenGlobal(module, name, let offset) = try torchProblem(of: bytes)
            else {
                Issue.record("\(module).\(name) was let through")
                continue
            }
            #expect(place == nil || offset == place)
        }
        let onStack = Python.text(module).operations + Python.text(name).operations + [0x93]
        guard case .forbiddenGlobal = try problem(onStack) else {
            Issue.record("\(module).\(name) was let through on the stack")
            return
        }
    }

    @Test func theLineNamesTheGlobal() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(
            torchZip(.call(.global("os", "system"), ["ls"])).bytes, named: "model.pth")
        let error = #expect(throws: PyTorchCheckpointError.self) {
            try PyTorchCheckpoint(path: path)
        }
        #expect(
            error?.description == """
                \(path): the pickle requests GLOBAL os system at its byte 2, which no checkpoint \
                needs; no code was run: do not trust this file or its source
                """)
        let odd = PyTorchCheckpointError(
            path: "p",
            problem: .forbiddenGlobal(module: "os", name: "a\u{1B}[0m\u{202E}", offset: 2))
        expectOneLine(odd, naming: "p")
    }

    /// Unknown globals are never called; operations on them are ignored.
    @Test func unknownGlobalsAreOpaque() throws {
        let unknown = Python.global("my.module", "Thing").operations
        let made = unknown + [0x29, 0x81]
        for operations in [
            unknown, made, unknown + [0x29, 0x52], unknown + [0x29, 0x7D, 0x92],
            made + [0x7D, 0x62], made + [0x4B, 1, 0x61], made + [0x28, 0x4B, 1, 0x65],
            made + [0x28, 0x4B, 1, 0x4B, 2, 0x75], made + [0x29, 0x52], made + [0x28, 0x90],
            made + [0x71, 9, 0x30, 0x68, 9],
        ] {
            #expect(try problem(operations) == nil)
            #expect(try metadata(operations) == nil)
        }
    }

    @Test func stackUnderflowsAreRefused() throws {
        for operations: [UInt8] in [
            [], [0x30], [0x85], [0x4B, 1, 0x86], [0x4B, 1, 0x4B, 1, 0x87], [0x74], [0x61],
            [0x5D, 0x61], [0x65], [0x7D, 0x4B, 1, 0x73], [0x75], [0x52], [0x29, 0x52], [0x62],
            [0x51], [0x81], [0x93], [0x94], [0x71, 1], [0x91], [0x31], [0x28, 0x52],
            [0x4B, 1, 0x28, 0x86], [0x4B, 1, 0x28, 0x71, 0], [0x28, 0x65],
        ] {
            guard case .emptyStack = try problem(pickle: [0x80, 2] + operations + [0x2E]) else {
                Issue.record("\(operations)")
                continue
            }
        }
    }

    @Test func mismatchedValuesAreRefused() throws {
        for operations: [UInt8] in [
            [0x4B, 1, 0x4B, 1, 0x61], [0x7D, 0x4B, 1, 0x61], [0x5D, 0x4B, 1, 0x4B, 1, 0x73],
            [0x29, 0x4B, 1, 0x61], [0x7D, 0x28, 0x4B, 1, 0x75], [0x4B, 1, 0x29, 0x52],
            [0x5D, 0x29, 0x52], [0x4B, 1, 0x4B, 1, 0x62], [0x4B, 1, 0x51], [0x29, 0x51],
            [0x4B, 1, 0x4B, 2, 0x93],
            Python.global(String(repeating: "m", count: 1024), "n").operations,
            Python.storage(String(repeating: "k", count: 1025), count: 1).operations,
            Python.global("a", "b").operations + [0x4B, 1, 0x52],
            Python.call(.global("collections", "OrderedDict"), [[1]]).operations,
            Python.call(.global("torch._utils", "_rebuild_tensor_v2"), [1]).operations,
            Python.tensor(.storage(count: -1), [1], [1]).operations,
            Python.persistent(.tuple(["storage", "a", "0", "cpu", 1])).operations,
            Python.storage(count: 4, view: .tuple(["0", 3, 2])).operations,
            Python.storage(count: 4, view: .tuple(["0", -1, 2])).operations,
            Python.storage(count: 4, view: .tuple(["0", .int(.max), 2])).operations,
            Python.storage(count: 4, view: 1).operations,
        ] {
            guard case .invalidPickle = try problem(operations) else {
                Issue.record("\(operations)")
                continue
            }
        }
    }

    @Test func lengthsPastTheEndAreRefused() throws {
        let all: [[UInt8]] = [
            [0x8C], [0x55], [0x43], [0x8A], [0x58, 0xFF, 0xFF, 0xFF], [0x42, 0xFF, 0xFF, 0xFF],
            [0x54, 0xFF, 0xFF, 0xFF, 0x7F], [0x8B, 0xFF, 0xFF, 0xFF, 0x7F],
        ]
        for start in all {
            let count = start.count > 4 ? 0x7FFF_FFFF : start.count > 1 ? 0xFFFF_FFFF : 0xFF
            let operations = start.count > 4 ? start : start + [0xFF]
            #expect(
                try problem(pickle: [0x80, 2] + operations + [0x2E])
                    == .lengthPastEnd(length: UInt64(count), available: 1, offset: 2))
        }
        for opcode: UInt8 in [0x8D, 0x8E, 0x96] {
            #expect(
                try problem(pickle: [0x80, 4, opcode] + littleEndian(UInt64.max))
                    == .lengthPastEnd(length: .max, available: 0, offset: 2))
        }
        #expect(
            try problem(pickle: [0x80, 2, 0x54, 0, 0, 0, 0x80])
                == .invalidPickle(reason: "a negative length", offset: 2))
    }

    @Test func unknownOperationsAndProtocolsAreRefused() throws {
        for opcode: UInt8 in [0, 0x49, 0x4C, 0x53, 0x56, 0x50, 0x69, 0x6F, 0x32, 0x82, 0x97, 0xFF] {
            #expect(
                try problem(pickle: [0x80, 2, opcode, 0x2E]) == .unknownOpcode(opcode, offset: 2))
        }
        #expect(try problem(pickle: [0x80, 1, 0x4E, 0x2E]) == .unsupportedPickleProtocol(1))
        #expect(try problem(pickle: [0x80, 6, 0x4E, 0x2E]) == .unsupportedPickleProtocol(6))
        #expect(try problem(pickle: [0x80, 2, 0x68, 7]) == .unknownMemo(7, offset: 2))
        #expect(
            try problem(pickle: [0x80, 2, 0x6A, 0xFF, 0xFF, 0xFF, 0xFF])
                == .unknownMemo(.max, offset: 2))
        #expect(try problem(pickle: [0x80, 2, 0x4E]) == .pickleCutShort(offset: 3))
        #expect(try problem(pickle: [0x80, 2, 0x63, 0x61]) == .pickleCutShort(offset: 2))
    }

    /// Neither reading nor freeing them recurses once per level.
    @Test func deepNestingIsHarmless() throws {
        let levels = 100_000
        let lists =
            [UInt8](repeating: 0x5D, count: levels)
            + [UInt8](repeating: 0x61, count: levels - 1)
        #expect(try problem(lists) == nil)
        #expect(try metadata(lists) == nil)
        #expect(try problem([0x29] + [UInt8](repeating: 0x85, count: levels)) == nil)
        #expect(
            try problem(
                [UInt8](repeating: 0x28, count: levels)
                    + [UInt8](repeating: 0x74, count: levels)) == nil)
        let dictionary: [UInt8] = [0x7D, 0x8C, 1, 0x61]
        let dictionaries =
            Array(repeatElement(dictionary, count: levels).joined())
            + [0x7D] + [UInt8](repeating: 0x73, count: levels)
        #expect(try problem(dictionaries) == nil)
        #expect(
            try problem(pickle: [0x80, 2] + dictionaries + [0x2E])
                == .noStateDictionary(keys: ["a"]))
    }

    @Test func valuesThatHoldThemselvesAreHarmless() throws {
        let list: [UInt8] = [0x5D, 0x71, 0, 0x68, 0, 0x61]
        #expect(try problem(list) == nil)
        #expect(try metadata(list) == nil)
        let dictionary: [UInt8] = [0x7D, 0x71, 0, 0x8C, 1, 0x61, 0x68, 0, 0x73]
        #expect(try metadata(dictionary) == nil)
        #expect(
            try problem(pickle: [0x80, 2] + dictionary + [0x2E]) == .noStateDictionary(keys: ["a"]))
        let weights = Python.dict([("w", .vector(count: 2)), ("me", .raw([0x68, 0]))])
        let around: [UInt8] = [0x80, 2, 0x7D, 0x71, 0] + weights.operations.dropFirst() + [0x2E]
        #expect(
            try openTorch(torchZip(pickle: around, Self.storages).bytes).shapes == ["w": [2]])
    }

    /// Each list holds the previous one twice; expanded, they would exhaust any memory.
    @Test func repeatedListsAreHarmless() throws {
        var doubled: [UInt8] = [0x5D, 0x71, 0]
        for level: UInt8 in 1...100 {
            doubled += [0x30, 0x5D, 0x71, level, 0x68, level - 1, 0x61, 0x68, level - 1, 0x61]
        }
        #expect(try metadata(doubled) == nil)
        var nested: [UInt8] = Python.vector(count: 2).operations + [0x71, 0]
        for level: UInt8 in 1...10 {
            nested += [0x30, 0x7D, 0x71, level]
            for name in UInt8(ascii: "a")...UInt8(ascii: "h") {
                nested += [0x8C, 1, name, 0x68, level - 1, 0x73]
            }
        }
        let root: Python = ["model": .raw(nested)]
        #expect(
            try torchProblem(of: torchZip(root, Self.storages).bytes)
                == .tooManyEntries(limit: 1 << 17))
    }

    /// One text of a megabyte, in a million places.
    @Test func sharedTextIsHarmless() throws {
        let text = Python.text(String(repeating: "x", count: 1 << 20)).operations + [0x71, 0]
        let keys = [UInt8](repeating: 0, count: 1 << 20).flatMap { _ in [0x68, 0, 0x4E] as [UInt8] }
        let dictionary = text + [0x30, 0x7D, 0x28] + keys + [0x75]
        #expect(try metadata(dictionary) == nil)
        #expect(
            try problem(pickle: [0x80, 2] + dictionary + [0x2E]) == .noStateDictionary(keys: []))
        let entries = (0..<100).map { index in
            (Python.text("\(index)"), Python.list([.raw([0x68, 0]), 1]))
        }
        let short = Python.text(String(repeating: "x", count: 1 << 17)).operations + [0x71, 0]
        let root = Python.dict(
            [("model", ["w": .vector(count: 2)]), ("first", .raw(short))] + entries)
        let metadata = try openTorch(torchZip(root, Self.storages).bytes).metadata
        #expect(metadata.count == 31)
    }

    @Test func operationsAreCounted() throws {
        let limit = 1 << 22
        let many = [0x80, 2] + [UInt8](repeating: 0x4E, count: limit) + [0x2E]
        #expect(try problem(pickle: many) == .tooManyOperations(limit: limit))
        #expect(
            try problem(pickle: [UInt8](repeating: 0, count: 64 << 20 | 1))
                == .pickleTooLong(limit: 64 << 20))
    }
}
