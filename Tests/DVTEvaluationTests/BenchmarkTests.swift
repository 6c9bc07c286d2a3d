import DVTEvaluation
import DVTModel
import DVTOperations
import DVTParity
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
    /// The listed products equal the counted cost, except for LayerNorm, the T2T tokenizer's second
    /// kind of attention, and the last block's work on patch tokens that are never read.
    @Test(arguments: ["deit-small", "dvt-deit-small", "mindspore-dvt-deit-small", "tiny-deit"])
    func operationsSumToTheCostOfTheModel(name: String) throws {
        let model = try CascadeConfiguration.named(name)
        let sums = Dictionary(grouping: model.operations(batch: 1), by: \.stage).mapValues {
            $0.reduce(0) { $0 + $1.count * $1.operation.multiplyAdds }
        }
        for (stage, cost) in model.stageMultiplyAdds.enumerated() {
            // LayerNorm counts 5 per element in the cost, at most 3% of it.
            let unread = stage == model.stages.count - 1 ? Self.unreadMultiplyAdds(of: model) : 0
            let ratio = Double((sums[stage] ?? 0) + unread) / Double(cost)
            #expect((0.95...1.0).contains(ratio), "stage \(stage): \(ratio)")
        }
    }

    /// The last block's cost of patch tokens after their keys and values, in the last stage.
    private static func unreadMultiplyAdds(of model: CascadeConfiguration) -> Int {
        let (index, stage) = (model.stages.count - 1, model.stages[model.stages.count - 1])
        let attention = 2 * stage.tokens * stage.width + stage.width * stage.width
        let mlp = (2 * stage.width + model.reusedFeatureWidth(stage: index)) * stage.mlpWidth
        return (stage.tokens - 1) * (attention + mlp)
    }
}
