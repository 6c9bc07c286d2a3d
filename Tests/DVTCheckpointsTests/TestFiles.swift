import DVTCheckpoints
import DVTSupport
import Foundation
import Testing

/// A folder that is removed with its files when it is released.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("dvt-checkpoints-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file and returns its path.
    func file(_ bytes: [UInt8], named name: String = "model.safetensors") throws -> String {
        let file = path + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

/// A safetensors file with any header, followed by zeros or `data`.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
    safetensors(Array(header.utf8), data: data)
}

func safetensors(_ header: [UInt8], data: [UInt8] = []) -> [UInt8] {
    littleEndian(UInt64(header.count)) + header + data
}

func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

/// One tensor's member of a header, each value as JSON text.
func member(
    _ name: String, dtype: String = "F32", shape: String = "[2]", offsets: String = "[0,8]"
) -> String {
    """
    "\(name)":{"dtype":"\(dtype)","shape":\(shape),"data_offsets":\(offsets)}
    """
}

/// Opens a file of these bytes and returns its problem; also checks the message.
func problem(
    of bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
) throws -> SafetensorsError.Problem? {
    let folder = try TemporaryFolder()
    let path = try folder.file(bytes)
    do {
        _ = try SafetensorsFile(path: path)
        return nil
    } catch let error as SafetensorsError {
        expectOneLine(error, naming: path, sourceLocation: sourceLocation)
        return error.problem
    }
}

/// Checks that an error is one line of limited length that begins with the file's path.
func expectOneLine(
    _ error: any Error, naming path: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    let line = String(describing: error)
    #expect(line.hasPrefix(path + ": "), sourceLocation: sourceLocation)
    #expect(line.contains("; "), "a remedy is missing: \(line)", sourceLocation: sourceLocation)
    #expect(line.utf8.count < path.utf8.count + 600, sourceLocation: sourceLocation)
    let hasControl = line.unicodeScalars.contains { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
    #expect(!hasControl, sourceLocation: sourceLocation)
}

/// Passes copies of some bytes with one to four of them replaced, and sometimes one removed or
/// inserted, from a fixed seed.
func damageAtRandom(
    _ bytes: [UInt8], count: Int, _ body: ([UInt8]) throws -> Void
) rethrows {
    let random = SeededValues(name: "damage", seed: 7)
    var draw = 0
    func next(below limit: Int) -> Int {
        draw += 1
        return Int(random.bits(draw) >> 33) % limit
    }
    for _ in 0..<count {
        var damaged = bytes
        for _ in 0...next(below: 4) {
            damaged[next(below: damaged.count)] = UInt8(next(below: 256))
        }
        if next(below: 4) == 0 { damaged.remove(at: next(below: damaged.count)) }
        if next(below: 4) == 0 { damaged.insert(0x28, at: next(below: damaged.count)) }
        try body(damaged)
    }
}
