import DVTCheckpoints
import DVTCore
import Testing

/// A file with every kind of member, small enough to damage each byte.
private let headerText =
    #"{"__metadata__":{"k\u0061":"v"},"#
    + member("w", shape: "[1,2]", offsets: "[0,8]") + ","
    + member("h", dtype: "F16", shape: "[2]", offsets: "[8,12]") + ","
    + member("n", dtype: "I64", shape: "[]", offsets: "[12,20]") + "} "
private let dataBytes: [UInt8] = (1...20).map { $0 }

@Suite struct SafetensorsCorruptionTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// The tensors of a file, or nil on an error, which is checked.
    private func contents(of bytes: [UInt8]) throws -> [String: Tensor]? {
        let path = try folder.file(bytes)
        do {
            let file = try SafetensorsFile(path: path)
            var tensors: [String: Tensor] = [:]
            for (name, shape) in file.shapes where try file.dtype(named: name).isRead {
                let tensor = try file.tensor(named: name)
                #expect(tensor.shape == shape)
                tensors[name] = tensor
            }
            return tensors
        } catch {
            #expect(error is SafetensorsError, "\(error)")
            expectOneLine(error, naming: path)
            return nil
        }
    }

    @Test func theWholeFileIsRead() throws {
        let tensors = try contents(of: safetensors(headerText, data: dataBytes))
        #expect(tensors?.keys.sorted() == ["h", "w"])
    }

    @Test func everyCutIsAnError() throws {
        let whole = safetensors(headerText, data: dataBytes)
        for count in whole.indices {
            #expect(try contents(of: Array(whole.prefix(count))) == nil, "cut at \(count)")
        }
        #expect(try contents(of: whole + [0]) == nil)
    }

    /// A flip may give another valid file; a flip in the data always does, and changes one tensor.
    @Test func everyBitFlipIsAValueOrAnError() throws {
        let whole = safetensors(headerText, data: dataBytes)
        let original = try #require(try contents(of: whole))
        let dataStart = whole.count - dataBytes.count
        for index in whole.indices {
            for bit in 0..<8 {
                var bytes = whole
                bytes[index] ^= 1 << bit
                let changed = try contents(of: bytes)
                guard index >= dataStart else { continue }
                let tensors = try #require(changed)
                let differing = original.keys.filter { original[$0] != tensors[$0] }
                #expect(
                    differing
                        == (index < dataStart + 8 ? ["w"] : index < dataStart + 12 ? ["h"] : []))
            }
        }
    }

    /// Every byte of the header replaced by each structural character.
    @Test func everyReplacedByteIsAValueOrAnError() throws {
        let whole = safetensors(headerText, data: dataBytes)
        for index in whole.indices.dropLast(dataBytes.count) {
            for byte in "{}[]\",:\\0-9.e \0\u{7F}".utf8 {
                var bytes = whole
                bytes[index] = byte
                _ = try contents(of: bytes)
            }
        }
    }

    /// Bytes removed from and inserted into the header, with its length corrected.
    @Test func everyLostOrDoubledByteIsAValueOrAnError() throws {
        let header = Array(headerText.utf8)
        for index in header.indices {
            var shorter = header
            shorter.remove(at: index)
            _ = try contents(of: safetensors(shorter, data: dataBytes))
            var longer = header
            longer.insert(header[index], at: index)
            _ = try contents(of: safetensors(longer, data: dataBytes))
        }
    }
}

extension SafetensorsDType {
    fileprivate var isRead: Bool { [.float32, .float16, .bfloat16].contains(self) }
}
