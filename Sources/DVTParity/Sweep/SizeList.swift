import DVTSupport

/// The values of one size in a sweep: `64`, `64,128`, `64..512+64`, `64..4096x2`, or several of
/// these separated by commas.
package struct SizeList: Equatable, Sendable {
    /// The values in the order of the text.
    package let values: [Int]

    /// The most values of a list, and of a sweep.
    package static let limit = 10_000

    /// Parses a list.
    ///
    /// - Parameters:
    ///   - text: the list.
    ///   - option: the option's name for messages.
    ///   - range: the permitted values.
    /// - Throws: ``SweepError``.
    package init(_ text: String, option: String, in range: ClosedRange<Int>) throws(SweepError) {
        var values: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            do throws(Problem) {
                values += try Self.values(String(part), in: range, room: Self.limit - values.count)
            } catch {
                throw .size(option: option, text: String(part), reason: error.reason)
            }
        }
        self.values = values
    }

    /// Why a part of a list is refused.
    private struct Problem: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    private static func values(
        _ text: String, in range: ClosedRange<Int>, room: Int
    ) throws(Problem) -> [Int] {
        guard !text.isEmpty else { throw Problem("is empty; separate sizes by one comma") }
        guard let dots = text.firstRange(of: "..") else {
            guard room > 0 else { throw tooMany }
            return [try number(text, in: range)]
        }
        let first = try number(String(text[..<dots.lowerBound]), in: range)
        let rest = text[dots.upperBound...]
        guard let sign = rest.firstIndex(where: { $0 == "+" || $0 == "x" }) else {
            throw Problem("needs a step or a factor: \(printable(text))+64 or \(printable(text))x2")
        }
        let last = try number(String(rest[..<sign]), in: range)
        guard first <= last else { throw Problem("is reversed; write the smaller size first") }
        let amount = String(rest[rest.index(after: sign)...])
        let isFactor = rest[sign] == "x"
        guard let step = Int(amount), step >= (isFactor ? 2 : 1) else {
            throw Problem(
                isFactor ? "needs a factor of at least 2" : "needs a step of at least 1")
        }
        guard !isFactor || first > 0 else { throw Problem("multiplies 0; start at 1 or more") }
        return try sequence(first, through: last, by: step, isFactor: isFactor, room: room)
    }

    private static func sequence(
        _ first: Int, through last: Int, by step: Int, isFactor: Bool, room: Int
    ) throws(Problem) -> [Int] {
        var values: [Int] = []
        var next: Int? = first
        while let value = next, value <= last {
            guard values.count < room else { throw tooMany }
            values.append(value)
            let (result, overflow) =
                isFactor
                ? value.multipliedReportingOverflow(by: step)
                : value.addingReportingOverflow(step)
            next = overflow ? nil : result
        }
        return values
    }

    private static var tooMany: Problem { Problem("makes more than \(limit) sizes") }

    private static func number(
        _ text: String, in range: ClosedRange<Int>
    ) throws(Problem) -> Int {
        guard !text.isEmpty, let value = Int(text), range.contains(value) else {
            let what = text.isEmpty ? "lacks a size" : "has the size \(quoted(text))"
            throw Problem("\(what); sizes are \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }
}
