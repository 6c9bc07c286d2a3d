/// The text of a progress report.
struct ProgressText: Sendable {
    let label: String
    let unit: String
    let total: Int?

    /// A line for a log, for example `classify: 120/1000 images (12%), 35.2 images/s, 25 s left`.
    func line(count: Int, pace: ProgressPace) -> String {
        let percent = percent(of: count).map { " (\($0)%)" } ?? ""
        let parts =
            ["\(counted(count)) \(unit)\(percent)"]
            + rateAndRest(count: count, pace)
        return "\(label): " + parts.joined(separator: ", ")
    }

    /// The final line, for example `classify: 1000 images in 28 s, 35.2 images/s`.
    ///
    /// The speed omits the warm-up, which the time includes.
    func summary(count: Int, elapsed: Duration, pace: ProgressPace) -> String {
        let rate = pace.mean.map { ", \(text(ofRate: $0))" } ?? ""
        return "\(label): \(count) \(unit) in \(time(elapsed.seconds))\(rate)"
    }

    /// A line with a bar, if the total is known and there is room for one.
    func bar(count: Int, pace: ProgressPace, columns: Int) -> String {
        var parts = ["\(counted(count)) \(unit)"] + rateAndRest(count: count, pace)
        let percent = percent(of: count)
        if let percent {
            parts.insert("\(percent)%".padded(to: 4, .trailing), at: 0)
        }
        let words = parts.joined(separator: "  ")
        let room = columns - label.displayWidth - words.displayWidth - 4
        guard let percent, room >= 8 else {
            return cut("\(label)  \(words)", to: columns)
        }
        let width = min(room, 30)
        let filled = width * percent / 100
        let bar =
            String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        return "\(label) [\(bar)] \(words)"
    }

    private func counted(_ count: Int) -> String {
        total.map { "\(count)/\($0)" } ?? "\(count)"
    }

    /// The percentage done, at most 100 because a total can be an underestimate.
    private func percent(of count: Int) -> Int? {
        total.flatMap { $0 > 0 ? min(100, Int(Double(count) * 100 / Double($0))) : nil }
    }

    private func rateAndRest(count: Int, _ pace: ProgressPace) -> [String] {
        guard let rate = pace.current else { return [] }
        guard let total, total > count else { return [text(ofRate: rate)] }
        return [text(ofRate: rate), "\(time(Double(total - count) / rate)) left"]
    }

    /// The units per second to three digits.
    private func text(ofRate value: Double) -> String {
        let decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
        return "\(fixedPoint(value, decimals: decimals)) \(unit)/s"
    }

    /// A time for people: `25 s`, `3 min 05 s`, `2 h 03 min`.
    private func time(_ seconds: Double) -> String {
        // A very slow start extrapolates to centuries.
        guard seconds < 360_000 else { return "over 100 h" }
        let whole = Int(seconds.rounded())
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3600: return "\(whole / 60) min \(twoDigits(whole % 60)) s"
        default: return "\(whole / 3600) h \(twoDigits(whole % 3600 / 60)) min"
        }
    }

    private func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }

    /// Cuts a line that would wrap, because its first half could not be redrawn.
    private func cut(_ text: String, to columns: Int) -> String {
        var width = 0
        return String(
            text.prefix { character in
                width += String(character).displayWidth
                return width <= columns
            })
    }
}
