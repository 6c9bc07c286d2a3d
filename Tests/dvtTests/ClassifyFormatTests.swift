import Foundation
import Testing

/// The records of `dvt classify`, read back in every format.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct ClassifyFormatTests {
    @Test func jsonIsAnArrayOfRecordsCountedFromZero() async throws {
        let run = try await classify("--format", "json", Fixtures.photos)
        #expect(run.code == 0)
        let rows = try json(run.output, as: ClassifyRow.self)
        #expect(rows.map(\.file) == Fixtures.photoFiles)
        #expect(Set(rows.map(\.exit)) == [0, 1, 2])
        for row in rows {
            #expect(row.confidences.count == row.exit + 1)
            #expect(row.confidences.last == row.probability)
            #expect((0..<10).contains(row.class))
            #expect(row.top == nil)
            // The default threshold decides at every exit but the last.
            #expect(row.threshold == (row.exit < 2 ? 0.8 : nil))
        }
        // Later exits cost more.
        let costs = Dictionary(grouping: rows, by: \.exit).mapValues { Set($0.map(\.multiplyAdds)) }
        #expect(costs.values.allSatisfy { $0.count == 1 })
        let ordered = (0..<3).compactMap { costs[$0]?.first }
        #expect(ordered == ordered.sorted() && Set(ordered).count == 3)
    }

    @Test func machineFormatsHoldTheSameRecords() async throws {
        let files = [Fixtures.photo(1), Fixtures.photo(6), Fixtures.png]
        let array = try await classify(["--format", "json"] + files)
        let lines = try await classify(["--format", "jsonl"] + files)
        let fields = try await classify(["--format", "csv"] + files)
        let rows = try json(array.output, as: ClassifyRow.self)
        #expect(rows.count == 3)
        #expect(try jsonLines(lines.output) == rows)
        #expect(try csv(fields.output).map(ClassifyRow.init(csv:)) == rows)
        #expect(
            fields.lines[0]
                == "file,exit,class,label,probability,threshold,multiply_adds,confidences")
    }

    @Test func tablesCountExitsFromOne() async throws {
        let files = [Fixtures.photo(1), Fixtures.photo(6)]
        let rows: [ClassifyRow] = try json(try await classify(["--format", "json"] + files).output)
        let titles = [
            "File", "Exit", "Class", "Probability", "Threshold", "MMACs", "Confidence at each exit",
        ]
        let expected = [titles] + rows.map(Self.cells)
        let aligned = try await classify(files)
        #expect(try table(aligned.output) == expected)
        let marked = try await classify(["--format", "markdown"] + files)
        #expect(markdown(marked.output) == expected)
        #expect(marked.lines[1] == "| :--- | ---: | ---: | ---: | ---: | ---: | :--- |")
    }

    /// Where no threshold decides, tables have no column for one.
    @Test func fixedExitsHaveNoThreshold() async throws {
        let run = try await classify("--exit", "2", Fixtures.photo(1))
        #expect(try table(run.output)[0].contains("Threshold") == false)
        let rows = try await classify("--exit", "2", "--format", "json", Fixtures.photo(1))
        #expect(try json(rows.output, as: ClassifyRow.self).map(\.threshold) == [nil])
    }

    @Test func topClassesDescend() async throws {
        let run = try await classify(
            "--topk", "3", "--format", "json", Fixtures.photo(1), Fixtures.photo(6))
        for row in try json(run.output, as: ClassifyRow.self) {
            let top = try #require(row.top)
            #expect(top.count == 3)
            #expect(top.first?.class == row.class)
            #expect(top.map(\.probability) == top.map(\.probability).sorted(by: >))
            #expect(Set(top.map(\.class)).count == 3)
        }
        let more = try await classify("--topk", "99", "--format", "json", Fixtures.photo(1))
        let all = try #require(try json(more.output, as: ClassifyRow.self).first?.top)
        #expect(all.count == 10)
        #expect(abs(all.map(\.probability).reduce(0, +) - 1) < 1e-5)
    }

    @Test func tableShowsTopClasses() async throws {
        let run = try await classify("--topk", "2", Fixtures.photo(1))
        let rows = try table(run.output)
        #expect(rows[0].last == "Top 2")
        #expect(rows[1].last?.wholeMatch(of: /\d \(0\.\d{4}\), \d \(0\.\d{4}\)/) != nil)
    }

    @Test func reportsTheDeviceAndASummary() async throws {
        let run = try await classify("--format", "csv", Fixtures.photos)
        #expect(run.errorLines.contains { $0.hasPrefix("device: ") })
        #expect(run.errorLines.contains { $0.contains("untrained") })
        #expect(run.errors.contains("reaches the threshold: 0.8 at exit 1, 0.8 at exit 2"))
        let summary = try #require(run.errorLines.last)
        #expect(summary.hasPrefix("12 images; exit 1: 4, exit 2: 4, exit 3: 4; mean "))
    }

    /// A record in a table.
    private static func cells(_ row: ClassifyRow) -> [String] {
        func text(_ value: Double, _ decimals: Int) -> String {
            String(format: "%.\(decimals)f", value)
        }
        return [
            row.file, "\(row.exit + 1)", "\(row.class)", text(row.probability, 4),
            row.threshold.map { text($0, 4) } ?? "-", text(Double(row.multiplyAdds) / 1e6, 2),
            row.confidences.map { text($0, 4) }.joined(separator: ", "),
        ]
    }
}
