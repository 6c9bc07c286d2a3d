import DVTCheckpoints
import DVTCore
import DVTSupport
import Testing

/// Small files of both layouts with damage at every position.
@Suite struct TorchCorruptionTests {
    private static let root: Python = [
        "model": .build(
            [
                "w": .tensor(.storage(count: 6), offset: 1, [2, 2], [1, 2]),
                "h": .vector("1", "HalfStorage", count: 2),
                "n": .vector("2", "LongStorage", count: 1),
            ], ["_metadata": ["": ["version": 1]]]),
        "flops": [0.5, 2], "args": .call(.global("argparse", "Namespace"), []),
        "threshold": .tensor(.storage(count: 6), [6], [1]),
    ]
    private static let zip: ZipTestArchive = {
        var archive = torchZip(
            root,
            [
                "0": floatBytes([0, 1, 2, 3, 4, 5]), "1": [0, 0x3C, 0, 0xC0],
                "2": [1, 0, 0, 0, 0, 0, 0, 0],
            ])
        archive.wide = { _ in }
        return archive
    }()
    private static let legacy = torchLegacy(
        root,
        [
            ("0", 6, floatBytes([0, 1, 2, 3, 4, 5])), ("1", 2, [0, 0x3C, 0, 0xC0]),
            ("2", 1, [1, 0, 0, 0, 0, 0, 0, 0]),
        ])
    /// Has a name to keep the bytes out of test logs.
    enum Layout: CaseIterable {
        case zip, legacy

        var bytes: [UInt8] {
            switch self {
            case .zip: TorchCorruptionTests.zip.bytes
            case .legacy: TorchCorruptionTests.legacy
            }
        }
    }

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Opens a file and reads every tensor of a supported type; nil on an error, which is checked.
    private func contents(of bytes: [UInt8]) throws -> [String: Tensor]? {
        let path = try folder.file(bytes, named: "model.pth")
        do {
            let checkpoint = try PyTorchCheckpoint(path: path)
            var tensors: [String: Tensor] = [:]
            for (name, shape) in checkpoint.shapes {
                do {
                    let tensor = try checkpoint.tensor(named: name)
                    #expect(tensor.shape == shape)
                    tensors[name] = tensor
                } catch let error as PyTorchCheckpointError {
                    guard case .unsupportedType = error.problem else { throw error }
                }
            }
            return tensors
        } catch {
            #expect(error is PyTorchCheckpointError, "\(error)")
            expectOneLine(error, naming: path)
            return nil
        }
    }

    @Test(arguments: Layout.allCases) func theWholeFileIsRead(layout: Layout) throws {
        let tensors = try #require(try contents(of: layout.bytes))
        #expect(
            tensors == [
                "w": Tensor([2, 2], values: [1, 3, 2, 4]), "h": Tensor([2], values: [1, -2]),
            ])
    }

    @Test(arguments: Layout.allCases) func everyCutIsAnError(layout: Layout) throws {
        let bytes = layout.bytes
        for count in bytes.indices {
            #expect(try contents(of: Array(bytes.prefix(count))) == nil, "cut at \(count)")
        }
    }

    /// A truncated pickle in a complete archive.
    @Test func everyCutOfThePickleIsAnError() throws {
        let pickle = Self.root.pickle
        for count in pickle.indices {
            var archive = Self.zip
            archive.entries[0].data = Array(pickle.prefix(count))
            #expect(try contents(of: archive.bytes) == nil, "cut at \(count)")
        }
    }

    @Test(arguments: Layout.allCases) func everyBitFlipIsAValueOrAnError(layout: Layout) throws {
        let bytes = layout.bytes
        // The step is coprime to 8, which spreads the flips over all bits.
        for index in stride(from: 0, to: bytes.count * 8, by: 3) {
            var flipped = bytes
            flipped[index / 8] ^= 1 << (index % 8)
            _ = try contents(of: flipped)
        }
    }

    @Test(arguments: Layout.allCases, [1, 2] as [UInt64])
    func randomDamageIsAValueOrAnError(layout: Layout, seed: UInt64) throws {
        let bytes = layout.bytes
        let random = SeededValues(name: "damage", seed: seed)
        var draw = 0
        func next(below limit: Int) -> Int {
            draw += 1
            return Int(random.bits(draw) >> 33) % limit
        }
        for _ in 0..<1500 {
            var damaged = bytes
            for _ in 0...next(below: 3) {
                damaged[next(below: damaged.count)] = UInt8(next(below: 256))
            }
            if next(below: 4) == 0 { damaged.remove(at: next(below: damaged.count)) }
            if next(below: 4) == 0 { damaged.insert(0x28, at: next(below: damaged.count)) }
            _ = try contents(of: damaged)
        }
    }

    /// Every byte of the pickle replaced by every opcode.
    @Test func everyReplacedOperationIsAValueOrAnError() throws {
        let pickle = Self.root.pickle
        let opcodes = Array("(.0NJKMGTUXBC)t]ae}suhjqrcRbQ".utf8) + [0x81, 0x85, 0x8A, 0x93, 0x94]
        for index in pickle.indices {
            for opcode in [opcodes[index % opcodes.count], opcodes[index * 7 % opcodes.count]] {
                var archive = Self.zip
                archive.entries[0].data[index] = opcode
                _ = try contents(of: archive.bytes)
            }
        }
    }
}
