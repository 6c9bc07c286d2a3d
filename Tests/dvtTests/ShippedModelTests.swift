import Foundation
import Testing

/// The trained model that is part of the program.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct ShippedModelTests {
    private struct Row: Decodable {
        let file: String
        let exit: Int
        let label: String
        let probability: Double
    }

    private static let classes: Set = [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]

    @Test func runsByDefault() async throws {
        let photos = Array(Fixtures.photoFiles.prefix(3))
        let run = try await dvt(["classify", "--format", "json"] + photos)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors.contains("model: dvt-cifar10, built into dvt"))
        let rows = try json(run.output, as: Row.self)
        #expect(rows.count == 3 && rows.allSatisfy { Self.classes.contains($0.label) })
        let reference = try await dvt(
            ["classify", "--format", "json", "--device", "reference"] + photos)
        let expected = try json(reference.output, as: Row.self)
        #expect(rows.map(\.label) == expected.map(\.label))
        #expect(rows.map(\.exit) == expected.map(\.exit))
        for (row, other) in zip(rows, expected) {
            // Float32 sums in another order.
            #expect(abs(row.probability - other.probability) < 1e-4)
        }
    }

    /// File names state the class; the bird is misclassified as a frog.
    @Test func recognizesMostPhotos() async throws {
        let run = try await dvt("classify", "--format", "json", Fixtures.snapshots)
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: Row.self)
        #expect(rows.count == 6)
        #expect(rows.count { $0.file.contains($0.label) } >= 5)
    }

    /// The model is found by its name wherever a model or its weights are named.
    @Test func hasAName() async throws {
        let photo = Fixtures.photoFiles[0]
        let standard = try await dvt("classify", "--format", "jsonl", photo)
        for option in ["--model", "--weights"] {
            let run = try await dvt(
                "classify", option, "dvt-cifar10", "--format", "jsonl", photo)
            #expect(run.code == 0 && run.output == standard.output, "\(run.errors)")
            #expect(!run.errors.contains("built into dvt; use"))
        }
        let info = try await dvt("info", "dvt-cifar10", needsKernels: false)
        #expect(info.code == 0 && info.errors.contains("classes: 10"), "\(info.errors)")
        let folder = try TemporaryFolder()
        let converted = try await dvt(
            "convert", "dvt-cifar10", folder.path + "/a.safetensors", needsKernels: false)
        #expect(converted.code == 0, "\(converted.errors)")
        let unknown = try await dvt("info", "dvt-cifar", needsKernels: false)
        #expect(unknown.code == 1 && unknown.errors.contains("dvt-cifar10"))
    }

    @Test func classesAreSaidAndDoubtIsUnknown() async throws {
        let run = try await dvt(
            ["classify", "--min-confidence", "0.6", "--format", "csv", Fixtures.snapshots])
        #expect(run.errors.contains("knows 10 classes: airplane, automobile, bird, "))
        let rows = try csv(run.output)
        #expect(rows.map { $0["label"] == "unknown" } == [true, true, false, false, false, true])
        for row in rows {
            let isUnknown = try #require(Double(row["probability"] ?? "")) < 0.6
            #expect((row["label"] == "unknown") == isUnknown && (row["class"] == "") == isUnknown)
        }
        #expect(run.errorLines.last?.hasSuffix("; 3 unknown") == true)
    }

    @Test func weightsAloneNeedAModel() async throws {
        let run = try await dvt("classify", "--weights", "synthetic:1", Fixtures.photoFiles[0])
        #expect(run.code != 0 && run.errors.contains("no model specified"))
    }
}
