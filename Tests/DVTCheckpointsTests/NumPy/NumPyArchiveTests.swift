import DVTCheckpoints
import DVTCore
import Foundation
import Testing

@Suite struct NumPyArchiveTests {
    /// Files of NumPy itself; Fixtures/README.md has the script.
    @Test(arguments: [("arrays", 4), ("arrays-compressed", 4000)])
    func filesOfNumPyAreRead(name: String, zeros: Int) throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/\(name).npz").path
        let file = try #require(try Checkpoint.open(path: path) as? NumPyArchive)
        #expect(
            file.shapes == [
                "layer/kernel": [2, 3], "fortran": [2, 3], "half": [2], "scalar": [], "step": [],
                "swapped": [1], "raw": [2], "zeros": [zeros],
            ])
        #expect(
            try file.tensor(named: "layer/kernel")
                == Tensor([2, 3], values: [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]))
        #expect(
            try file.tensor(named: "fortran") == Tensor([2, 3], values: [0, 1, 2, 3, 4, 5]))
        #expect(try file.tensor(named: "half").values == [1.5, -2])
        #expect(try file.tensor(named: "scalar") == Tensor([], values: [0.25]))
        #expect(try file.tensor(named: "zeros") == Tensor([zeros], repeating: 0))
        #expect(file.roundoff == 0x1p-11)
        for (name, type) in [("step", "<i8"), ("swapped", ">f4"), ("raw", "|V2")] {
            let error = #expect(throws: NumPyError.self) { try file.tensor(named: name) }
            #expect(error?.problem == .unsupportedType(tensor: name, type: type))
            try expectOneLine(#require(error), naming: path)
        }
        let error = #expect(throws: NumPyError.self) { try file.tensor(named: "other\n") }
        #expect(error?.problem == .noSuchTensor("other\n"))
        try expectOneLine(#require(error), naming: path)
    }

    /// Versions 2 and 3 have longer headers; Python 2 wrote long integers with an L.
    @Test(arguments: [1, 2, 3] as [UInt8]) func headersOfEveryVersionAreRead(version: UInt8) throws
    {
        for header in [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
            #"{"shape":(2L,),"fortran_order":True,"descr":"<f4"}"#,
        ] {
            let bytes = npz(["x": npy(header: header, floatBytes([1, 2]), version: version)])
            #expect(try numPyProblem(of: bytes) == nil)
        }
    }

    /// No shape takes memory: it must be that of the bytes in the file.
    @Test func sizesMustBeThoseOfTheFile() throws {
        let bytes = floatBytes([1, 2])
        for (shape, needed) in [
            ("(3,)", 140), ("(1,)", 132), ("(1, 9223372036854775807)", nil),
            ("(0, 4611686018427387904, 4611686018427387904)", 128),
        ] as [(String, Int?)] {
            let problem = try numPyProblem(of: npz(["x": npy("<f4", shape, bytes)]))
            guard case .sizeMismatch("x", "<f4", _, let found, 136) = problem else {
                Issue.record("\(shape): \(String(describing: problem))")
                continue
            }
            #expect(found == needed)
        }
        // An element of an unknown type has at least a byte.
        let raw = try numPyProblem(of: npz(["x": npy("|V2", "(4611686018427387904,)", bytes)]))
        guard case .sizeMismatch("x", "|V2", _, _, 136) = raw else {
            Issue.record("\(String(describing: raw))")
            return
        }
        #expect(try numPyProblem(of: npz(["x": npy("<f4", "(0, 3)", [])])) == nil)
    }

    @Test(arguments: [
        "", "{}", "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2)x}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} 1",
        "{'descr': '<f", "{'descr': [", "{'descr'",
    ])
    func headersAreChecked(header: String) throws {
        let bytes = npz(["x": npy(header: header, floatBytes([1, 2]))])
        #expect(try numPyProblem(of: bytes) == .notAnArray("x"))
    }

    @Test func recordsAndObjectsAreNotRead() throws {
        let header = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"
        #expect(
            try numPyProblem(of: npz(["x": npy(header: header, floatBytes([1, 2]))]))
                == .unsupportedType(tensor: "x", type: "[('a', '<f4')]"))
        #expect(
            try numPyProblem(of: npz(["x": npy("|O", "()", [0x80, 4, 0x4E, 0x2E])]))
                == .unsupportedType(tensor: "x", type: "|O"))
    }

    @Test(arguments: [false, true]) func checksumsAreVerified(isDeflated: Bool) throws {
        var archive = npzArchive(
            ["x": npy("<f4", "(2,)", floatBytes([1, 2]))], isDeflated: isDeflated)
        #expect(try numPyProblem(of: archive.bytes) == nil)
        let last = archive.entries[0].data.count - 1
        archive.entries[0].data[last] ^= 1
        #expect(try numPyProblem(of: archive.bytes) == .damaged(tensor: "x"))
    }

    /// A few compressed bytes cannot declare gigabytes.
    @Test func compressionIsBounded() throws {
        var archive = npzArchive(["x": npy("<f4", "(2,)", floatBytes([1, 2]))], isDeflated: true)
        archive.entries[0].byteCount = .max - 1
        archive.entries[0].localByteCount = .max - 1
        let compressed = archive.entries[0].data.count
        #expect(
            try numPyProblem(of: archive.bytes)
                == .expandsTooFar(
                    tensor: "x", byteCount: UInt64(UInt32.max - 1), compressed: compressed))
        archive.entries[0].method = 12
        #expect(
            try numPyProblem(of: archive.bytes)
                == .archive(.compressedZipEntry("x.npy", method: 12)))
    }
}

/// Damage at every position, and random damage.
@Suite struct NumPyCorruptionTests {
    private let folder: TemporaryFolder
    private static let arrays = [
        "w": npy("<f4", "(2, 2)", floatBytes([1, 2, 3, 4]), isFortranOrder: true),
        "h": npy("<f2", "(2,)", [0, 0x3C, 0, 0xC0]),
        "n": npy("<i8", "()", [1, 0, 0, 0, 0, 0, 0, 0]),
    ]

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Reads every array of a supported type; nil on an error, which is checked.
    private func contents(of bytes: [UInt8]) throws -> [String: Tensor]? {
        let path = try folder.file(bytes, named: "model.npz")
        do {
            let archive = try NumPyArchive(path: path)
            var tensors: [String: Tensor] = [:]
            for (name, shape) in archive.shapes {
                do {
                    let tensor = try archive.tensor(named: name)
                    #expect(tensor.shape == shape)
                    tensors[name] = tensor
                } catch let error as NumPyError {
                    guard case .unsupportedType = error.problem else { throw error }
                }
            }
            return tensors
        } catch {
            #expect(error is NumPyError, "\(error)")
            expectOneLine(error, naming: path)
            return nil
        }
    }

    @Test(arguments: [false, true]) func damageIsAValueOrAnError(isDeflated: Bool) throws {
        let bytes = npz(Self.arrays, isDeflated: isDeflated)
        #expect(
            try contents(of: bytes) == [
                "w": Tensor([2, 2], values: [1, 3, 2, 4]), "h": Tensor([2], values: [1, -2]),
            ])
        for count in bytes.indices {
            #expect(try contents(of: Array(bytes.prefix(count))) == nil, "cut at \(count)")
        }
        // The step is coprime to 8, which spreads the flips over all bits.
        for index in stride(from: 0, to: bytes.count * 8, by: 5) {
            var flipped = bytes
            flipped[index / 8] ^= 1 << (index % 8)
            _ = try contents(of: flipped)
        }
        try damageAtRandom(bytes, count: 1000) { _ = try contents(of: $0) }
    }

    /// The reader of headers without the archive around it, which would reject most damage.
    @Test func damagedHeadersAreAnArrayOrNothing() throws {
        let header = npy("<f4", "(2, 3, 4)", [])
        var accepted = 0
        try damageAtRandom(header, count: 1500) { bytes in
            let archive = npz(["x": bytes])
            if try contents(of: archive) != nil { accepted += 1 }
        }
        #expect(accepted < 1500)
    }
}
