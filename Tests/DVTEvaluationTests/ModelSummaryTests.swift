import DVTCore
import DVTEvaluation
import DVTModel
import DVTTestSupport
import Testing

@Suite struct ModelSummaryTests {
    /// timm's parameter counts of the same models.
    @Test(arguments: [
        ("deit-tiny", 5_717_416), ("deit-small", 22_050_664), ("deit-base", 86_567_656),
    ])
    func countsParameters(name: String, parameters: Int) throws {
        let summary = try CascadeConfiguration.named(name).summary()
        #expect(summary.map(\.parameters) == [parameters])
        #expect(summary[0].weightBytes == 4 * parameters)
    }

    @Test func everyStageIsSummarized() throws {
        let model = try CascadeConfiguration.named("dvt-t2t-vit-12")
        let summary = try model.summary()
        #expect(summary.map(\.stage) == [0, 1, 2])
        #expect(summary.map(\.multiplyAdds) == model.stageMultiplyAdds)
        #expect(summary.map(\.cumulativeMultiplyAdds) == model.cumulativeMultiplyAdds)
        let parameters = model.parameters.reduce(0) { $0 + $1.shape.elementCount }
        #expect(summary.reduce(0) { $0 + $1.parameters } == parameters)
    }

    /// The tensors in memory at the same time; at an exit before a reusing stage, these include the
    /// logits of all blocks.
    @Test func theWorkingSetIncludesReusedTensors() throws {
        let both = try TestCascades.cascade([7, 14]).summary()
        let none = try TestCascades.cascade(
            [7, 14], featureReuse: false, relationReuse: false
        ).summary()
        let images = 3 * 56 * 56 * 4
        let relations = 2 * 2 * 50 * 50 * 4
        #expect(none[0].workingSetBytes > images)
        #expect(both[0].workingSetBytes >= none[0].workingSetBytes + relations)
        #expect(both[1].workingSetBytes > both[0].workingSetBytes)
    }
}
