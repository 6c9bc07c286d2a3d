import DVTCheckpoints
import DVTCore
import Testing

/// float64 in every format that has it.
@Suite struct Float64Tests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    enum Format: CaseIterable {
        case safetensors, pyTorch, mindSpore, numPy, compressedNumPy

        /// A file with one tensor, `x`.
        func file(_ values: [Double]) -> [UInt8] {
            let bytes = values.flatMap { littleEndian($0.bitPattern) }
            let count = values.count
            switch self {
            case .safetensors:
                let header =
                    "{"
                    + member("x", dtype: "F64", shape: "[\(count)]", offsets: "[0,\(bytes.count)]")
                    + "}"
                return DVTCheckpointsTests.safetensors(header, data: bytes)
            case .pyTorch:
                return torchZip(
                    ["x": .vector("0", "DoubleStorage", count: count)], ["0": bytes]
                ).bytes
            case .mindSpore: return mindSporeValue("x", [count], "Float64", bytes)
            case .numPy: return npz(["x": npy("<f8", "(\(count),)", bytes)])
            case .compressedNumPy:
                return npz(["x": npy("<f8", "(\(count),)", bytes)], isDeflated: true)
            }
        }
    }

    private func read(_ values: [Double], _ format: Format) throws -> [Float] {
        let path = try folder.file(format.file(values))
        return try Checkpoint.open(path: path).tensor(named: "x").values
    }

    /// Halfway cases go to the even neighbor, and the largest float32 is reached by rounding down.
    @Test(arguments: Format.allCases) func numbersAreRoundedToNearest(format: Format) throws {
        let largest = Double(Float.greatestFiniteMagnitude)
        let values = [
            0.1, 1 + 0x1p-24, 1 + 0x1p-24 + 0x1p-50, 1 + 3 * 0x1p-24, 1e-46, -0.0,
            largest + 0x1p102,
            .infinity, -.infinity,
        ]
        let expected: [Float] = [
            0.1, 1, 1 + 0x1p-23, 1 + 0x1p-22, 0, -0.0, .greatestFiniteMagnitude, .infinity,
            -.infinity,
        ]
        #expect(try read(values, format) == expected)
        #expect(try read([.nan], format)[0].isNaN)
    }

    @Test(arguments: Format.allCases, [1e39, -1e300])
    func numbersBeyondFloat32AreErrors(format: Format, value: Double) throws {
        let path = try folder.file(format.file([1, value]))
        let file = try Checkpoint.open(path: path)
        let error = #expect(throws: (any Error).self) { try file.tensor(named: "x") }
        let text = "\(try #require(error))"
        #expect(text.contains("tensor \"x\" has the float64 \(value), and float32 ends at 3.40"))
        try expectOneLine(#require(error), naming: path)
    }
}
