import Synchronization
import Testing

@testable import DVTOutput

/// A clock that the test sets.
final class TestTime: Sendable {
    private let time = Mutex(Duration.zero)

    var value: Duration { time.withLock { $0 } }

    func advance(by duration: Duration) {
        time.withLock { $0 += duration }
    }
}

/// The output of a reporter.
private final class Log: Sendable {
    private let texts = Mutex<[String]>([])

    var pieces: [String] { texts.withLock { $0 } }

    func append(_ text: String) {
        texts.withLock { $0.append(text) }
    }
}

@Suite struct ProgressReporterTests {
    private let time = TestTime()
    private let log = Log()

    private func reporter(_ style: ProgressReporter.Style, total: Int?) -> ProgressReporter {
        let (time, log) = (time, log)
        return ProgressReporter(
            label: "run", unit: "images", total: total, style: style, now: { time.value },
            sink: { log.append($0) })
    }

    @Test func aBarIsRedrawnInPlaceAndCleared() {
        let progress = reporter(.bar(columns: 79), total: 8)
        time.advance(by: .seconds(2))
        progress.advance(by: 2)
        time.advance(by: .seconds(2))
        progress.advance(by: 2)
        progress.finish()
        progress.finish()
        progress.advance()
        #expect(
            log.pieces == [
                // The first images may include a warm-up, so they have no speed.
                "\rrun [#######.......................]  25%  2/8 images\u{1B}[K",
                "\rrun [###############...............]  50%  4/8 images  1.00 images/s  4 s left\u{1B}[K",
                "\r\u{1B}[K",
            ])
    }

    /// 1000 steps of a millisecond: four redraws, and none in the first quarter of a second.
    @Test func aBarIsRedrawnFourTimesASecondAtMost() {
        let progress = reporter(.bar(columns: 79), total: 1000)
        for step in 1...1000 {
            time.advance(by: .milliseconds(1))
            progress.advance()
            if step == 249 { #expect(log.pieces.isEmpty) }
        }
        #expect(log.pieces.count == 4)
    }

    @Test func shortRunsShowNothing() {
        for style in [ProgressReporter.Style.bar(columns: 79), .lines] {
            let progress = reporter(style, total: 2)
            progress.advance(by: 2)
            progress.finish()
        }
        #expect(log.pieces.isEmpty)
    }

    /// A minute of steps of a second: a line every five seconds, and a summary.
    @Test func linesAreLimited() {
        let progress = reporter(.lines, total: 120)
        for _ in 0..<60 {
            time.advance(by: .seconds(1))
            progress.advance(by: 2)
        }
        progress.finish()
        #expect(log.pieces.count == 13)
        #expect(
            log.pieces.first == "run: 10/120 images (8%), 2.00 images/s, 55 s left\n")
        #expect(log.pieces.dropLast().last == "run: 120/120 images (100%), 2.00 images/s\n")
        #expect(log.pieces.last == "run: 120 images in 1 min 00 s, 2.00 images/s\n")
    }

    /// Kernels are built for 100 seconds before the first of 40 batches of a second each.
    @Test func estimatesOmitTheWarmUp() {
        let progress = reporter(.lines, total: 40)
        time.advance(by: .seconds(100))
        for _ in 0..<40 {
            time.advance(by: .seconds(1))
            progress.advance()
        }
        progress.finish()
        #expect(log.pieces[0] == "run: 1/40 images (2%)\n")
        #expect(log.pieces[1] == "run: 7/40 images (17%), 1.00 images/s, 33 s left\n")
        #expect(log.pieces.last == "run: 40 images in 2 min 20 s, 1.00 images/s\n")
    }

    /// A run of ten hours: lines become rarer, down to one per minute.
    @Test func longRunsHaveFewLines() {
        let progress = reporter(.lines, total: nil)
        for _ in 0..<36_000 {
            time.advance(by: .seconds(1))
            progress.advance()
        }
        // 20 lines in 100 s, 46 more, each after 1/20 of the time, up to 20 min, then 580.
        #expect((640...660).contains(log.pieces.count), "\(log.pieces.count)")
    }

    @Test func quietReportersAreSilent() {
        let progress = reporter(.silent, total: 3)
        time.advance(by: .seconds(100))
        progress.advance(by: 3)
        progress.whileCleared {}
        progress.finish()
        #expect(log.pieces.isEmpty)
    }

    @Test func rowsAreWrittenOnAClearedLine() {
        let (progress, log) = (reporter(.bar(columns: 79), total: nil), log)
        progress.whileCleared { log.append("row 0\n") }
        time.advance(by: .seconds(1))
        progress.advance()
        progress.whileCleared { log.append("row 1\n") }
        progress.whileCleared { log.append("row 2\n") }
        progress.finish()
        #expect(
            log.pieces == [
                "row 0\n", "\rrun  1 images\u{1B}[K", "\r\u{1B}[K", "row 1\n",
                "row 2\n",
            ])
    }

    @Test func threadsShareOneCount() async {
        let progress = reporter(.bar(columns: 79), total: nil)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<1000 { progress.advance() } }
            }
        }
        time.advance(by: .seconds(1))
        progress.advance()
        #expect(log.pieces == ["\rrun  8001 images  8000 images/s\u{1B}[K"])
    }

    @Test func pipesReceiveLines() throws {
        #expect(ProgressReporter.Style.forDescriptor(-1) == .lines)
    }
}

@Suite struct ProgressTextTests {
    private func bar(_ count: Int, of total: Int?, seconds: Int, columns: Int = 79) -> String {
        ProgressText(label: "run", unit: "images", total: total)
            .bar(count: count, pace: pace(count, seconds), columns: columns)
    }

    /// The pace of `count` units in some seconds after the first report.
    private func pace(_ count: Int, _ seconds: Int) -> ProgressPace {
        var pace = ProgressPace()
        pace.add(count: 0, at: .seconds(7))
        pace.add(count: count, at: .seconds(7 + seconds))
        return pace
    }

    @Test(arguments: [
        (1, 2000, "run: 1/2000 images (0%), 1.00 images/s, 33 min 19 s left"),
        (1, 20000, "run: 1/20000 images (0%), 1.00 images/s, 5 h 33 min left"),
        (1, 2_000_000, "run: 1/2000000 images (0%), 1.00 images/s, over 100 h left"),
        (29, 100, "run: 29/100 images (29%), 29.0 images/s, 2 s left"),
        (999, 1000, "run: 999/1000 images (99%), 999 images/s, 0 s left"),
        (12, 10, "run: 12/10 images (100%), 12.0 images/s"),
        (0, 10, "run: 0/10 images (0%)"), (3, 0, "run: 3/0 images, 3.00 images/s"),
        (5, nil, "run: 5 images, 5.00 images/s"),
    ])
    func linesOmitUnknownNumbers(count: Int, total: Int?, expected: String) {
        let text = ProgressText(label: "run", unit: "images", total: total)
        #expect(text.line(count: count, pace: pace(count, 1)) == expected)
    }

    @Test func noElapsedTimeGivesNoRate() {
        let text = ProgressText(label: "run", unit: "images", total: 10)
        #expect(text.line(count: 5, pace: pace(5, 0)) == "run: 5/10 images (50%)")
        #expect(text.summary(count: 5, elapsed: .zero, pace: pace(5, 0)) == "run: 5 images in 0 s")
    }

    /// The current speed covers the last minute, the summary's the run without its warm-up.
    @Test func thePaceFollowsTheLastMinute() {
        var pace = ProgressPace()
        #expect(pace.current == nil && pace.mean == nil)
        for second in 1...200 { pace.add(count: second, at: .seconds(second)) }
        #expect(pace.current == 1)
        for second in 201...400 { pace.add(count: 200 + 3 * (second - 200), at: .seconds(second)) }
        #expect(pace.current == 3)
        #expect(pace.mean == Double(200 + 3 * 200 - 1) / 399)
        // A batch that takes longer than the window still has a speed.
        pace.add(count: 1000, at: .seconds(600))
        #expect(pace.current == 1)
    }

    @Test func narrowTerminalsShowNoBar() {
        let words = "run   50%  5/10 images  5.00 images/s  1 s left"
        #expect(bar(5, of: 10, seconds: 1, columns: 50) == words)
        #expect(bar(5, of: 10, seconds: 1, columns: 12) == "run   50%  5")
        #expect(bar(5, of: 10, seconds: 1, columns: 0) == "")
        for columns in 0...120 {
            #expect(bar(5, of: 10, seconds: 1, columns: columns).displayWidth <= columns)
        }
    }

    @Test func wideCharactersAreNotSplit() {
        let text = ProgressText(label: "日本", unit: "images", total: nil)
        #expect(text.bar(count: 1, pace: ProgressPace(), columns: 3) == "日")
    }

    @Test func barsFillWithProgress() {
        #expect(
            bar(0, of: 10, seconds: 0) == "run [..............................]   0%  0/10 images")
        #expect(
            bar(10, of: 10, seconds: 0) == "run [##############################] 100%  10/10 images"
        )
        #expect(
            bar(20, of: 10, seconds: 0) == "run [##############################] 100%  20/10 images"
        )
    }
}
