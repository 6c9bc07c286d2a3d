import DVTCore
import DVTSupport
import Glibc
import SwiftProtobuf
import Testing

@testable import DVTCheckpoints

/// A file with every kind of value, small enough to damage each byte.
private let parts: [[UInt8]] = [
    mindSporeValue("w", [1, 2], floats(1, 2)),
    mindSporeValue("h", [3], "Float16", [0, 1, 2, 3]),
    mindSporeValue("h", [3], "Float16", [4, 5]),
    mindSporeValue("n", [0], "Int64", [1, 2, 3, 4, 5, 6, 7, 8]),
    mindSporeValue("t", [0], "str", [65, 0, 0, 0]),
]
private let whole = parts.flatMap(\.self)

@Suite struct MindSporeCorruptionTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// The tensors of a file, or nil on an error, which is checked.
    ///
    /// If the reader accepts the file, protobuf's own decoder must find the same names.
    private func contents(of bytes: [UInt8]) throws -> [String: Tensor]? {
        let path = try folder.file(bytes)
        do {
            let file = try MindSporeCheckpoint(path: path)
            let message = try WireCheckpoint(serializedBytes: bytes)
            #expect(
                Set(message.value.map(\.tag))
                    == Set(file.shapes.keys).union(file.metadata.keys).union(randomNames(message)))
            var tensors: [String: Tensor] = [:]
            for (name, shape) in file.shapes where try file.dtype(named: name).isFloatingPoint {
                let tensor = try file.tensor(named: name)
                #expect(tensor.shape == shape)
                tensors[name] = tensor
            }
            return tensors
        } catch {
            #expect(error is MindSporeError, "\(error)")
            expectOneLine(error, naming: path)
            return nil
        }
    }

    private func randomNames(_ message: WireCheckpoint) -> [String] {
        message.value.filter { $0.tensor.tensorType == "random_op" }.map(\.tag)
    }

    @Test func theWholeFileIsRead() throws {
        #expect(try contents(of: whole)?.keys.sorted() == ["h", "w"])
    }

    /// A prefix of complete values that truncates no tensor is a valid checkpoint.
    @Test func everyCutIsAnErrorOrFewerTensors() throws {
        var names: [Int: [String]] = [:]
        var end = 0
        for (part, found) in zip(parts, [["w"], nil, ["h", "w"], ["h", "w"], ["h", "w"]]) {
            end += part.count
            names[end] = found
        }
        for count in 0...whole.count {
            let tensors = try contents(of: Array(whole.prefix(count)))
            #expect(tensors?.keys.sorted() == names[count], "cut at \(count)")
        }
    }

    @Test func everyBitFlipIsAValueOrAnError() throws {
        for index in whole.indices {
            for bit in 0..<8 {
                var bytes = whole
                bytes[index] ^= 1 << bit
                _ = try contents(of: bytes)
            }
        }
    }

    /// Every byte replaced by keys of every wire type, and by parts of long numbers.
    @Test func everyReplacedByteIsAValueOrAnError() throws {
        for index in whole.indices {
            for byte: UInt8 in [0x00, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x12, 0x7F, 0x80, 0xFF] {
                var bytes = whole
                bytes[index] = byte
                _ = try contents(of: bytes)
            }
        }
    }

    @Test func everyLostOrDoubledByteIsAValueOrAnError() throws {
        for index in whole.indices {
            var shorter = whole
            shorter.remove(at: index)
            _ = try contents(of: shorter)
            var longer = whole
            longer.insert(whole[index], at: index)
            _ = try contents(of: longer)
        }
    }

    /// Extents of 2^62 elements allocate nothing: they are checked against the bytes of the file.
    @Test(.timeLimit(.minutes(1))) func hugeDeclaredExtentsAllocateNothing() throws {
        for extent in [1 << 20, 1 << 40, 1 << 60, 1 << 62, .max] {
            #expect(try contents(of: mindSporeValue("x", [extent], floats(1))) == nil)
        }
        let axes = mindSporeValue("x", [Int](repeating: 1, count: 10_000), floats(1))
        #expect(try contents(of: axes)?["x"]?.shape.rank == 10_000)
        let slices = [[UInt8]](repeating: mindSporeValue("x", [20_000], floats(1)), count: 20_000)
        #expect(try contents(of: slices.flatMap(\.self))?["x"]?.values.count == 20_000)
    }

    /// Every later access is an error, not a signal.
    @Test func aFileCutAfterOpeningIsAnError() throws {
        let path = try folder.file(whole)
        let file = try MindSporeCheckpoint(path: path)
        let end = parts[0..<3].flatMap(\.self).count
        #expect(truncate(path, off_t(end - 1)) == 0)
        let error = #expect(throws: FileError.self) { try file.tensor(named: "h") }
        #expect(error == FileError(path: path, operation: .read, cause: .endedEarly(needed: end)))
        #expect(try file.tensor(named: "w").values == [1, 2])
    }

    /// Another process may change elements of the open file, but not its checked structure.
    @Test func aValueThatChangesAfterOpeningIsAnError() throws {
        let path = try folder.file(whole)
        let file = try MindSporeCheckpoint(path: path)
        let other = mindSporeValue("w", [1, 2], floats(3, 4))
        try overwrite(path, other)
        #expect(try file.tensor(named: "w").values == [3, 4])
        // Seven bytes of content and one of an unknown field; then no message at all.
        let shorter =
            field(1, "w") + field(2, mindSporeTensor([1, 2], "Float32", Array(1...6)) + [0x20, 1])
        for bytes in [field(1, shorter), [0x0A, 0xFF, 0xFF] + [UInt8](repeating: 0xFF, count: 20)] {
            try overwrite(path, bytes)
            let error = #expect(throws: MindSporeError.self) { try file.tensor(named: "w") }
            #expect(error?.problem == .changed(tensor: "w"))
            try expectOneLine(#require(error), naming: path)
        }
    }

    private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY)
        #expect(pwrite(descriptor, bytes, bytes.count, 0) == bytes.count)
        close(descriptor)
    }
}
