import ArgumentParser
import DVTCore
import DVTOperations
import DVTOutput
import DVTSupport

/// The choice of operations by their labels.
struct OperationFilter: ParsableArguments {
    @Option(
        help: ArgumentHelp("Only operations whose label contains this text.", valueName: "text"))
    var filter: String?

    @Flag(help: "List the labels of the operations instead of running them.")
    var list = false

    /// The elements whose operation the filter includes.
    ///
    /// - Parameters:
    ///   - elements: the elements.
    ///   - owner: what has these operations, for messages.
    ///   - label: the label of an element's operation.
    /// - Returns: the chosen elements, at least one.
    /// - Throws: ``NoOperationError`` if the filter excludes all.
    func chosen<Element>(
        _ elements: [Element], of owner: String, label: (Element) -> String
    ) throws -> [Element] {
        guard let filter else { return elements }
        let chosen = elements.filter { label($0).contains(filter) }
        guard !chosen.isEmpty else {
            throw NoOperationError(filter: filter, owner: owner, labels: elements.map(label))
        }
        return chosen
    }

    /// Prints labels, each once.
    func printLabels(_ labels: [String], _ output: OutputOptions) throws {
        var seen: Set<String> = []
        try output.withWriter([OutputColumn("operation", title: "Operation")]) { writer in
            for label in labels where seen.insert(label).inserted {
                try writer.write([.string(label)])
            }
        }
    }
}

/// A filter that excludes every operation.
struct NoOperationError: Error, CustomStringConvertible {
    let filter: String
    let owner: String
    let labels: [String]

    var description: String {
        let question = suggestion(for: filter, among: labels, anywhere: true)
        return """
            --filter: no operation of \(printable(owner)) contains \(quoted(filter)); \
            \(question.map { "\($0) " } ?? "")--list lists all
            """
    }
}
