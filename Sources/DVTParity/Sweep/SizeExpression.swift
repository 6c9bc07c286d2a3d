import DVTSupport

/// A formula of sizes: integers, `{name}`, `+`, `-`, `*`, `/` and parentheses.
package struct SizeExpression: Equatable, Sendable {
    /// The formula as it was written.
    package let text: String
    private let option: String
    private let root: Node

    private indirect enum Node: Equatable, Sendable {
        case number(Int)
        case name(String)
        case operation(Character, Node, Node)
    }

    /// Parses a formula.
    ///
    /// - Parameters:
    ///   - text: the formula.
    ///   - option: the option's name for messages.
    ///   - names: the names that it may use.
    /// - Throws: ``SweepError/expression(option:text:reason:)``.
    package init(_ text: String, option: String, names: [String]) throws(SweepError) {
        self.text = text
        self.option = option
        var reader = Reader(rest: text[...], names: names)
        do throws(Problem) {
            root = try reader.sum(depth: 0)
            guard reader.next == nil else {
                throw Problem("has a surplus \(quoted("\(reader.rest)"))")
            }
        } catch {
            throw .expression(option: option, text: text, reason: error.reason)
        }
    }

    /// The value of the formula.
    ///
    /// - Parameter values: the value of each name.
    /// - Returns: an integer of at least 0.
    /// - Throws: ``SweepError/expression(option:text:reason:)`` if it overflows, divides by 0 or is
    ///   negative.
    package func value(_ values: [String: Int]) throws(SweepError) -> Int {
        guard let value = Self.value(root, values) else {
            throw .expression(
                option: option, text: text, reason: "overflows 64 bits or divides by 0")
        }
        guard value >= 0 else {
            throw .expression(option: option, text: text, reason: "is negative: \(value)")
        }
        return value
    }

    private static func value(_ node: Node, _ values: [String: Int]) -> Int? {
        switch node {
        case .number(let number): return number
        case .name(let name): return values[name]
        case .operation(let sign, let left, let right):
            guard let a = value(left, values), let b = value(right, values) else { return nil }
            let (result, overflow) =
                switch sign {
                case "+": a.addingReportingOverflow(b)
                case "-": a.subtractingReportingOverflow(b)
                case "*": a.multipliedReportingOverflow(by: b)
                default: a.dividedReportingOverflow(by: b)
                }
            return overflow ? nil : result
        }
    }

    private struct Problem: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    /// A recursive descent over the text.
    private struct Reader {
        var rest: Substring
        let names: [String]

        /// The next character after spaces.
        var next: Character? {
            mutating get {
                rest = rest.drop { $0 == " " }
                return rest.first
            }
        }

        mutating func sum(depth: Int) throws(Problem) -> Node {
            var node = try product(depth: depth)
            while let sign = next, sign == "+" || sign == "-" {
                rest.removeFirst()
                node = .operation(sign, node, try product(depth: depth))
            }
            return node
        }

        private mutating func product(depth: Int) throws(Problem) -> Node {
            var node = try factor(depth: depth)
            while let sign = next, sign == "*" || sign == "/" {
                rest.removeFirst()
                node = .operation(sign, node, try factor(depth: depth))
            }
            return node
        }

        private mutating func factor(depth: Int) throws(Problem) -> Node {
            switch next {
            case "(":
                // The limit bounds the stack.
                guard depth < 50 else { throw Problem("has more than 50 nested parentheses") }
                rest.removeFirst()
                let node = try sum(depth: depth + 1)
                guard next == ")" else { throw Problem("lacks a closing parenthesis") }
                rest.removeFirst()
                return node
            case "{":
                guard let end = rest.firstIndex(of: "}") else { throw Problem("lacks a brace }") }
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                guard names.contains(name) else {
                    let known = names.map { "{\($0)}" }.joined(separator: ", ")
                    throw Problem("uses {\(printable(name))}; it may use \(known)")
                }
                rest = rest[rest.index(after: end)...]
                return .name(name)
            default:
                let digits = rest.prefix { $0.isASCII && $0.isNumber }
                guard let number = Int(digits) else {
                    throw Problem("needs an integer of 64 bits, {name} or a parenthesis")
                }
                rest = rest.dropFirst(digits.count)
                return .number(number)
            }
        }
    }
}
