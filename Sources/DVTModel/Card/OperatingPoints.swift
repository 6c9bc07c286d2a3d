package import DVTCore
import DVTSupport

/// Thresholds for many budgets, as the authors store them in their checkpoints.
///
/// Row p (from 1) belongs to the p-th fraction of early-exiting images in the paper's budgeted
/// batch classification; higher rows are slower and more accurate.
package struct OperatingPoints: Equatable, Sendable {
    /// One row per budget: a threshold for each exit, including the last.
    package let thresholds: [[Float]]
    /// The mean cost per image of each row in 10^9 multiply-adds, or nil if it is not stored.
    package let gigaMultiplyAdds: [Double]?
    /// The accuracy of each row in percent, or nil if it is not stored.
    package let accuracies: [Double]?
    /// The score compared with the thresholds.
    package let scoring: ExitScoring

    package init(
        thresholds: [[Float]], gigaMultiplyAdds: [Double]?, accuracies: [Double]?,
        scoring: ExitScoring = ExitScoring()
    ) {
        self.thresholds = thresholds
        self.gigaMultiplyAdds = gigaMultiplyAdds
        self.accuracies = accuracies
        self.scoring = scoring
    }

    /// The metadata key of the thresholds.
    static let thresholdsKey = "dynamic_threshold"
    /// The metadata key of the costs and accuracies.
    static let curveKey = "budgeted_batch_classification"

    /// The rows stored in a checkpoint.
    ///
    /// - Parameters:
    ///   - file: the open checkpoint.
    ///   - stages: the model's number of stages.
    /// - Returns: the rows, or nil if there are none.
    /// - Throws: ``ModelError/invalidDescription(origin:reason:)`` if they do not fit the model.
    package static func stored(in file: some NamedTensors, stages: Int) throws -> Self? {
        guard let text = file.metadata[thresholdsKey] else { return nil }
        guard let rows = numbers(text), !rows.isEmpty, rows.allSatisfy({ $0.count == stages })
        else {
            throw ModelError.invalidDescription(
                origin: file.origin,
                reason: "\(thresholdsKey) is not a table of \(stages) numbers per row")
        }
        // The curve is used only if it has an entry for each row.
        let curve = file.metadata[curveKey].flatMap(numbers) ?? []
        let isWhole = curve.count == 2 && curve.allSatisfy { $0.count == rows.count }
        return Self(
            thresholds: rows.map { $0.map { Float($0) } },
            gigaMultiplyAdds: isWhole ? curve[0] : nil, accuracies: isWhole ? curve[1] : nil)
    }

    /// The policy of one row.
    ///
    /// - Parameter row: the row, from 1.
    /// - Returns: the thresholds of all exits except the last, and their score.
    /// - Throws: ``ModelError/invalidPolicy(reason:)`` if there is no such row.
    package func policy(row: Int) throws -> ExitPolicy {
        guard (1...thresholds.count).contains(row) else {
            throw ModelError.invalidPolicy(
                reason: "operating point \(row) does not exist; there are 1...\(thresholds.count)")
        }
        return .thresholds(thresholds[row - 1].dropLast(), of: scoring)
    }

    /// The most accurate row within a budget.
    ///
    /// - Parameter budget: the highest mean cost per image in 10^9 multiply-adds.
    /// - Returns: the row, from 1.
    /// - Throws: ``ModelError/invalidPolicy(reason:)`` if costs are not stored, or all are higher.
    package func row(budget: Double) throws -> Int {
        guard let costs = gigaMultiplyAdds, let accuracies else {
            throw ModelError.invalidPolicy(
                reason: "the checkpoint has no costs for its operating points; choose a row")
        }
        let affordable = costs.indices.filter { costs[$0] <= budget }
        guard let best = affordable.max(by: { accuracies[$0] < accuracies[$1] }) else {
            let least = costs.min() ?? 0
            throw ModelError.invalidPolicy(
                reason: "a budget of \(budget) is below the cheapest point, \(least) GMACs")
        }
        return best + 1
    }

    private static func numbers(_ text: String) -> [[Double]]? {
        guard case .array(let rows) = try? JSONValue(parsing: Array(text.utf8)) else { return nil }
        let table = rows.map { row -> [Double]? in
            guard case .array(let values) = row else { return nil }
            let numbers = values.compactMap(\.number)
            return numbers.count == values.count ? numbers : nil
        }
        return table.contains { $0 == nil } ? nil : table.compactMap { $0 }
    }
}
