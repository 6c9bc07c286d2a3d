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

    /// Rows are written as they are known, so that the end of the reader ends the run.
    @Test(arguments: ["csv", "json", "table"]) func earlyReadersEndTheRun(format: String)
        async throws
    {
        let run = try await shell(
            """
            set -o pipefail
            for i in {1..20000}; do echo "$1"; done |
                timeout 60 "$DVT" \(Self.command) --exit 1 --format \(format) - | head -n 1
            """, Fixtures.photo(1))
        #expect(run.lines.count == 1 && run.code != 124, "\(run.errors)")
        #expect(!run.errors.contains("20000 images"))
    }

    /// SIGTERM, also while the next path is awaited.
    @Test func terminatedRunsEndAtOnce() async throws {
        let folder = try TemporaryFolder()
        let run = try await shell(
            """
            mkfifo "$2/list" && exec 3<> "$2/list" && echo "$1" >&3
            "$DVT" \(Self.command) --format json - < "$2/list" > "$2/output" 2> "$2/errors" &
            until [ -s "$2/output" ]; do sleep 0.02; done
            kill -TERM $! && wait $!
            echo $? && cat "$2/output"
            """, Fixtures.photo(1), folder.path)
        #expect(run.lines.first == "143")
        let rows = try json(run.lines.dropFirst().joined(), as: ClassifyRow.self)
        #expect(rows.map(\.file) == [Fixtures.photo(1)])
        let errors = try String(contentsOfFile: folder.path + "/errors", encoding: .utf8)
        #expect(errors.hasSuffix("; interrupted\n"))
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
