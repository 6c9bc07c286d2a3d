import DVTSupport
import Glibc
import Synchronization

/// Reports a run's progress on standard error.
///
/// On a terminal it is one line, redrawn in place and cleared at the end; elsewhere plain lines,
/// few enough for a log. It may be called from any thread.
package final class ProgressReporter: Sendable {
    /// How progress is shown.
    package enum Style: Sendable, Equatable {
        /// No output.
        case silent
        /// Whole lines.
        case lines
        /// One line of at most `columns` characters, redrawn in place.
        case bar(columns: Int)
    }

    /// The minimum time between two redraws of a bar, in which people can read its numbers.
    package static let redrawInterval = Duration.milliseconds(250)
    /// The minimum time between two lines in the first minutes; later it is a 20th of the elapsed
    /// time, at most ``longestLineInterval``.
    package static let lineInterval = Duration.seconds(5)
    /// The minimum time between two lines of a long run.
    package static let longestLineInterval = Duration.seconds(60)

    private let style: Style
    private let text: ProgressText
    private let now: @Sendable () -> Duration
    private let sink: @Sendable (String) -> Void
    private let start: Duration
    private let state: Mutex<State>

    private struct State {
        var count = 0
        var pace = ProgressPace()
        var lastShown: Duration
        var isDrawn = false
        var hasLines = false
        var isFinished = false
    }

    /// Creates a reporter and starts its clock.
    ///
    /// - Parameters:
    ///   - label: the run's name, for example `classify`.
    ///   - unit: the unit counted, in the plural, for example `images`.
    ///   - total: the expected count, or nil if unknown.
    ///   - style: how progress is shown.
    ///   - now: the time since any fixed moment.
    ///   - sink: receives the text, including terminal control sequences.
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
        // A run that ends immediately shows nothing.
        self.state = Mutex(State(lastShown: start))
    }

    /// Creates a reporter on standard error.
    ///
    /// - Parameters:
    ///   - label: the run's name.
    ///   - unit: the unit counted, in the plural.
    ///   - total: the expected count, or nil.
    ///   - isQuiet: whether to show nothing.
    package convenience init(label: String, unit: String, total: Int?, isQuiet: Bool) {
        ignoreBrokenPipes()
        let clock = ContinuousClock()
        let start = clock.now
        self.init(
            label: label, unit: unit, total: total,
            style: isQuiet ? .silent : .forDescriptor(STDERR_FILENO),
            now: { start.duration(to: clock.now) },
            // A failure to show progress does not end the run.
            sink: { text in _ = writeAll(Array(text.utf8), to: STDERR_FILENO) })
    }

    /// Adds to the count of finished units.
    ///
    /// - Parameter count: the newly finished units.
    package func advance(by count: Int = 1) {
        guard style != .silent else { return }
        state.withLock { state in
            state.count += count
            guard !state.isFinished else { return }
            let time = now()
            state.pace.add(count: state.count, at: time - start)
            let interval =
                style == .lines ? Self.lineInterval(at: time - start) : Self.redrawInterval
            guard time - state.lastShown >= interval else { return }
            state.lastShown = time
            show(&state)
        }
    }

    /// Runs a closure while no bar is on the terminal, and prevents one from being drawn.
    ///
    /// - Parameter body: writes to the terminal; must not call the reporter.
    /// - Returns: the result of `body`.
    /// - Throws: the error of `body`.
    package func whileCleared<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try state.withLock { state throws(Failure) in
            clear(&state)
            return try body()
        }
    }

    /// Ends the report: clears a bar, or adds a summary after lines.
    package func finish() {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            clear(&state)
            if state.hasLines {
                sink(
                    text.summary(
                        count: state.count, elapsed: now() - start, pace: state.pace) + "\n")
            }
        }
    }

    private static func lineInterval(at elapsed: Duration) -> Duration {
        min(max(lineInterval, elapsed / 20), longestLineInterval)
    }

    private func show(_ state: inout State) {
        switch style {
        case .silent: break
        case .lines:
            sink(text.line(count: state.count, pace: state.pace) + "\n")
            state.hasLines = true
        case .bar(let columns):
            let line = text.bar(count: state.count, pace: state.pace, columns: columns)
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
    /// A bar on a terminal that can redraw a line, lines elsewhere.
    ///
    /// - Parameter descriptor: the output.
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
