import DVTEvaluation
import DVTModel
import DVTOperations
import Testing

@Suite struct TimeStatisticsTests {
    @Test func quantilesAreSamples() {
        let statistics = TimeStatistics([5, 1, 4, 2, 3])
        #expect(statistics.minimum == 1 && statistics.median == 3)
        #expect(statistics.quantile(0.9) == 5 && statistics.quantile(0.2) == 1)
        #expect(TimeStatistics([1, 2]).median == 1.5)
        #expect(TimeStatistics([7]).quantile(0.99) == 7)
    }
}

@Suite struct ModelOperationsTests {
    /// The products listed are those that are counted: all but LayerNorm's and the T2T tokeniser's
    /// second kind of attention.
    @Test(arguments: ["deit-small", "dvt-deit-small", "mindspore-dvt-deit-small", "tiny-deit"])
    func listTheArithmeticOfTheModel(name: String) throws {
        let model = try CascadeConfiguration.named(name)
        let sums = Dictionary(grouping: model.operations(batch: 1), by: \.stage).mapValues {
            $0.reduce(0) { $0 + $1.count * $1.operation.multiplyAdds }
        }
        for (stage, cost) in model.stageMultiplyAdds.enumerated() {
            // LayerNorm counts 5 an element in the cost, at most 3% of it.
            let ratio = Double(sums[stage] ?? 0) / Double(cost)
            #expect((0.95...1.0).contains(ratio), "stage \(stage): \(ratio)")
        }
    }
}
