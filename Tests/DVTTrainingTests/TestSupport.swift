import DVTCore
import DVTSupport
import DVTTestSupport
import DVTVision
import Foundation

@testable import DVTTraining

/// Reads the files in Fixtures.
enum Fixtures {
    private static func url(_ name: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/\(name)")
    }

    /// The path of a file.
    static func path(_ name: String) -> String { url(name).path }

    /// The lines of a table, as fields.
    static func lines(_ name: String) throws -> [[String]] {
        try String(contentsOf: url(name), encoding: .utf8).split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }
    }

    /// Images of 24 x 16 pixels, stored one below the other.
    static func strip(_ name: String) throws -> [RGBImage] {
        let whole = try ImageDecoder.decode(path: url(name).path, applyingOrientation: false)
        return stride(from: 0, to: whole.height, by: 16).map {
            whole.cropped(columns: 0..<24, rows: $0..<$0 + 16)
        }
    }
}

/// Images in CIFAR's binary version, each with different samples and of class `index % 10`.
func cifarSet(_ count: Int, in folder: TemporaryFolder) throws -> LabeledImages {
    let bytes = (0..<count).flatMap { index in
        let noise = SeededValues(name: "image.\(index)", seed: 1)
        return [UInt8(index % 10)]
            + (0..<3072).map { UInt8(truncatingIfNeeded: noise.bits($0) >> 56) }
    }
    return try .cifar(path: try folder.file("data_batch_1.bin", bytes))
}

/// A random generator for one test.
func numbers(_ name: String = #function) -> SeededGenerator {
    SeededGenerator(name: name, seed: 1)
}

extension [Double] {
    var mean: Double { reduce(0, +) / Double(count) }
    var variance: Double {
        let mean = mean
        return map { ($0 - mean) * ($0 - mean) }.mean
    }
}
