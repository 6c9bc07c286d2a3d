import DVTCheckpoints
import Foundation
import Testing

private func layoutProblem(
    _ offsets: [(Int, Int)], dataByteCount: Int, sourceLocation: SourceLocation = #_sourceLocation
) throws -> SafetensorsError.Problem? {
    let members = offsets.enumerated().map { index, range in
        let shape = "[\(range.1 - range.0)]"
        return member(
            "t\(index)", dtype: "U8", shape: shape, offsets: "[\(range.0),\(range.1)]")
    }
    return try problem(
        of: safetensors(
            "{" + members.joined(separator: ",") + "}",
            data: [UInt8](repeating: 0, count: dataByteCount)), sourceLocation: sourceLocation)
}

@Suite struct SafetensorsLayoutTests {
    @Test func tensorsMayComeInAnyOrder() throws {
        #expect(try layoutProblem([(4, 8), (0, 4), (8, 9)], dataByteCount: 9) == nil)
        #expect(try layoutProblem([(4, 4), (0, 4), (4, 9), (0, 0)], dataByteCount: 9) == nil)
    }

    @Test func overlappingTensorsAreRefused() throws {
        #expect(
            try layoutProblem([(0, 4), (3, 8)], dataByteCount: 8)
                == .overlap(tensor: "t1", begin: 3, expected: 4))
        #expect(
            try layoutProblem([(0, 8), (0, 8)], dataByteCount: 8)
                == .overlap(tensor: "t1", begin: 0, expected: 8))
        #expect(
            try layoutProblem([(0, 8), (2, 2)], dataByteCount: 8)
                == .overlap(tensor: "t1", begin: 2, expected: 8))
    }

    @Test func gapsAreRefused() throws {
        #expect(
            try layoutProblem([(1, 8)], dataByteCount: 8)
                == .hole(tensor: "t0", begin: 1, expected: 0))
        #expect(
            try layoutProblem([(0, 4), (5, 8)], dataByteCount: 8)
                == .hole(tensor: "t1", begin: 5, expected: 4))
        #expect(
            try layoutProblem([(0, 7)], dataByteCount: 8) == .bytesAfterData(end: 7, available: 8))
        #expect(try layoutProblem([], dataByteCount: 1) == .bytesAfterData(end: 0, available: 1))
    }

    @Test func tensorsPastTheEndAreRefused() throws {
        #expect(
            try layoutProblem([(0, 9)], dataByteCount: 8)
                == .pastEnd(tensor: "t0", end: 9, available: 8))
        #expect(
            try layoutProblem([(0, 4), (Int.max - 1, Int.max)], dataByteCount: 8)
                == .pastEnd(tensor: "t1", end: .max, available: 8))
        #expect(
            try layoutProblem([(Int.max, Int.max)], dataByteCount: 0)
                == .pastEnd(tensor: "t0", end: .max, available: 0))
    }

    @Test func wrongHeaderLengthsAreRefused() throws {
        for count in 0..<8 {
            #expect(
                try problem(of: [UInt8](repeating: 0, count: count))
                    == .noHeaderLength(byteCount: count))
        }
        #expect(
            try problem(of: littleEndian(UInt64(3)) + Array("{}".utf8))
                == .headerPastEnd(length: 3, available: 2))
        #expect(
            try problem(of: littleEndian(UInt64(100_000_000)) + Array("{}".utf8))
                == .headerPastEnd(length: 100_000_000, available: 2))
        for length in [100_000_001, UInt64(Int.max), UInt64(Int.max) + 1, UInt64.max - 7, .max] {
            #expect(
                try problem(of: littleEndian(length) + Array("{}".utf8))
                    == .headerTooLong(length: length, limit: 100_000_000))
        }
    }

    /// Sparse files, whose zeros take no disk: a header just above the limit and one at it.
    @Test func hugeHeadersAreRefused() throws {
        let folder = try TemporaryFolder()
        for (length, expected) in [
            (100_000_001, .headerTooLong(length: 100_000_001, limit: 100_000_000)),
            (100_000_000, .headerNotAnObject(firstByte: 0)),
        ] as [(UInt64, SafetensorsError.Problem)] {
            let path = try folder.file(littleEndian(length))
            #expect(truncate(path, 100_000_100) == 0)
            let error = #expect(throws: SafetensorsError.self) {
                try SafetensorsFile(path: path)
            }
            #expect(error?.problem == expected)
        }
    }
}
