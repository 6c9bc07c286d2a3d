import Foundation
import Testing

/// Runs that end early.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct ClassifyEndTests {
    private static let command = "classify --model tiny-deit --weights synthetic:50"

    @Test func closedReadersEndTheRunQuietly() async throws {
        // The output exceeds every pipe's buffer, so writing must fail.
        let run = try await shell(
            """
            set -o pipefail
            for i in {1..600}; do echo "$1"; done |
                "$DVT" \(Self.command) --exit 1 --batch-size 64 --format jsonl - | head -n 1
            """, Fixtures.photo(1))
        #expect(run.code == 0)
        #expect(try jsonLines(run.output, as: ClassifyRow.self).count == 1)
        let words = ["rror", "pipe", "reader", "crash"]
        for word in words {
            #expect(!run.errors.contains(word), "\(run.errors)")
        }
    }

    @Test(arguments: ["table", "json", "csv"])
    func fullDisksAreReported(format: String) async throws {
        let run = try await shell(
            "\"$DVT\" \(Self.command) --format \(format) \"$1\" > /dev/full", Fixtures.photo(1))
        #expect(run.code == 1)
        let errors = run.errorLines.filter { $0.hasPrefix("Error: ") }
        #expect(errors.count == 1)
        #expect(errors.first?.contains("standard output: cannot be written (No space left") == true)
    }

    @Test func interruptedRunsWriteWholeRecords() async throws {
        try await Program.warmUp()
        let images = Array(repeating: Fixtures.photo(6), count: 2000)
        let run = try ProgramRun(
            Self.command.split(separator: " ").map(String.init)
                + ["--exit", "all", "--batch-size", "4", "--format", "json", "-v"] + images)
        let start = try run.start()
        while start.isRunning, !start.errors.contains("batch: ") {
            try await Task.sleep(for: .milliseconds(20))
        }
        start.interrupt()
        let ended = try await start.end()
        #expect(ended.code == 130)
        let rows = try json(ended.output, as: ClassifyRow.self)
        #expect((4..<2000).contains(rows.count))
        #expect(rows.count % 4 == 0)
        #expect(ended.errors.contains("; interrupted\n"))
    }
}
