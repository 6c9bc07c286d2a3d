import DVTSupport
import Glibc
import Synchronization

/// Tells on standard error how far a run is.
///
/// A terminal gets one line that is redrawn in place and cleared at the end. Anything else gets
/// plain lines, few enough for a log. Any thread may call it.
package final class ProgressReporter: Sendable {
    /// How progress is shown.
    package enum Style: Sendable, Equatable {
        /// Not at all.
        case silent
        /// As whole lines.
        case lines
        /// As one line of at most `columns` characters that is redrawn.
        case bar(columns: Int)
    }

    /// The time between two redraws of a bar, at least.
    package static let redrawInterval = Duration.milliseconds(100)
    /// The time between two lines, at least.
    package static let lineInterval = Duration.seconds(5)

    private let style: Style
    private let text: ProgressText
    private let now: @Sendable () -> Duration
    private let sink: @Sendable (String) -> Void
    private let start: Duration
    private let state: Mutex<State>

    private struct State {
        var count = 0
        var lastShown: Duration
        var isDrawn = false
        var hasLines = false
        var isFinished = false
    }

    /// Creates a reporter; its time begins to run, and nothing is shown yet.
    ///
    /// - Parameters:
    ///   - label: what runs, for example `classify`.
    ///   - unit: what is counted, in the plural, for example `images`.
    ///   - total: how many there will be, or nil if that is not known.
    ///   - style: how to show it.
    ///   - now: the time since any fixed moment.
    ///   - sink: takes the text, control sequences of terminals included.
    package init(
        label: String, unit: String, total: Int?, style: Style,
        now: @escaping @Sendable () -> Duration, sink: @escaping @Sendable (String) -> Void
    ) {
        self.style = style
        self.text = ProgressText(label: label, unit: unit, total: total)
        self.now = now
        self.sink = sink
        let start = now()
        self.start = start
        // A run that ends at once shows nothing.
        self.state = Mutex(State(lastShown: start))
    }

    /// Creates a reporter on standard error.
    ///
    /// - Parameters:
    ///   - label: what runs.
    ///   - unit: what is counted, in the plural.
    ///   - total: how many there will be, or nil.
    ///   - isQuiet: whether to show nothing.
    package convenience init(label: String, unit: String, total: Int?, isQuiet: Bool) {
        ignoreBrokenPipes()
        let clock = ContinuousClock()
        let start = clock.now
        self.init(
            label: label, unit: unit, total: total,
            style: isQuiet ? .silent : .forDescriptor(STDERR_FILENO),
            now: { start.duration(to: clock.now) },
            // Progress that cannot be told is no reason to end the run.
            sink: { text in _ = writeAll(Array(text.utf8), to: STDERR_FILENO) })
    }

    /// Counts what has been done.
    ///
    /// - Parameter count: how many more are done.
    package func advance(by count: Int = 1) {
        guard style != .silent else { return }
        state.withLock { state in
            state.count += count
            guard !state.isFinished else { return }
            let time = now()
            let interval = style == .lines ? Self.lineInterval : Self.redrawInterval
            guard time - state.lastShown >= interval else { return }
            state.lastShown = time
            show(&state, elapsed: time - start)
        }
    }

    /// Does something while no bar stands on the terminal, and keeps one from being drawn.
    ///
    /// - Parameter body: writes to the terminal; must not call the reporter.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    package func whileCleared<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try state.withLock { state throws(Failure) in
            clear(&state)
            return try body()
        }
    }

    /// Ends the report: a bar goes away, lines are followed by one about the whole run.
    package func finish() {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            clear(&state)
            if state.hasLines {
                sink(text.summary(count: state.count, elapsed: now() - start) + "\n")
            }
        }
    }

    private func show(_ state: inout State, elapsed: Duration) {
        switch style {
        case .silent: break
        case .lines:
            sink(text.line(count: state.count, elapsed: elapsed) + "\n")
            state.hasLines = true
        case .bar(let columns):
            let line = text.bar(count: state.count, elapsed: elapsed, columns: columns)
            sink("\r\(line)\u{1B}[K")
            state.isDrawn = true
        }
    }

    private func clear(_ state: inout State) {
        if state.isDrawn {
            sink("\r\u{1B}[K")
            state.isDrawn = false
        }
    }
}

extension ProgressReporter.Style {
    /// A bar where a terminal can redraw a line, lines elsewhere.
    ///
    /// - Parameter descriptor: where the text will go.
    /// - Returns: the style.
    package static func forDescriptor(_ descriptor: Int32) -> Self {
        guard isatty(descriptor) == 1, getenv("TERM").map({ strcmp($0, "dumb") != 0 }) ?? false
        else {
            return .lines
        }
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        // The last column stays free: some terminals begin a new line there.
        return .bar(columns: (isKnown ? Int(size.ws_col) : 80) - 1)
    }
}
