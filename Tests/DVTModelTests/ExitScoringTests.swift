import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTReference
import DVTTestSupport
import Testing

/// Compares the scores of a running cascade with those computed from its saved outputs.
@Suite struct ExitScoringTests {
    static let scorings = ExitCriterion.allCases.flatMap { criterion in
        [nil, [0.5, 1.5, 3]].map { ExitScoring(criterion: criterion, temperatures: $0) }
    }

    @Test(arguments: scorings)
    func savedOutputsGiveTheSameExits(scoring: ExitScoring) throws {
        try check(scoring, on: ReferenceBackend())
    }

    @MainActor
    @Test(
        .enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)),
        arguments: scorings, KernelStyle.allCases)
    func savedOutputsGiveTheSameExitsOnOpenCL(scoring: ExitScoring, style: KernelStyle) throws {
        try check(scoring, on: TestDevice.makeBackend(style))
    }

    @Test func thePlainConfidenceIsTheProbability() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let model = try model(configuration, on: ReferenceBackend())
        let result = try model.classify(images(configuration, 3), policy: .thresholds([2]))
        for visit in result.predictions.flatMap(\.visits) {
            #expect(visit.score == visit.probability)
        }
    }

    @Test(
        arguments: [
            ([1, 1], "3 temperatures are needed, one for every exit, but 2 were given"),
            ([1, 0, 1], "a temperature is 0.0; give numbers above 0"),
            ([1, .infinity, 1], "a temperature is inf"), ([.nan, 1, 1], "a temperature is nan"),
        ] as [([Float], String)])
    func temperaturesMustFitTheCascade(temperatures: [Float], reason: String) throws {
        let configuration = try TestCascades.cascade([7, 10, 14])
        let policy = ExitPolicy.thresholds([1, 1], of: ExitScoring(temperatures: temperatures))
        let error = #expect(throws: ModelError.self) {
            try model(configuration, on: ReferenceBackend()).classify(
                images(configuration, 1), policy: policy)
        }
        #expect(error?.description.contains(reason) == true)
    }

    private func check(_ scoring: ExitScoring, on backend: some Backend) throws {
        let configuration = try TestCascades.cascade([7, 10, 14])
        let model = try model(configuration, on: backend)
        let images = images(configuration, 17)
        let nobodyLeaves = try model.classify(images, policy: .thresholds([2, 2], of: scoring))
        let visits = nobodyLeaves.predictions.map(\.visits)
        let saved = try savedScores(model, images, scoring)
        for (image, visit) in visits.enumerated() {
            for exit in 0..<3 {
                // Sums of five probabilities in float32 on the device, in Double here.
                #expect(abs(visit[exit].score - saved[exit][image]) < 2e-6)
            }
        }
        let policy = ExitPolicy.thresholds(ExitPlan(visits).thresholds, of: scoring)
        let result = try model.classify(images, policy: policy)
        let expected = (0..<17).map { image in policy.exit(for: saved.map { $0[image] }) }
        #expect(result.predictions.map(\.exit) == expected)
        #expect(Set(expected).count == 3)
    }

    /// Every image's score at every exit, computed from saved softmax outputs.
    private func savedScores<B: Backend>(
        _ model: DynamicVisionTransformer<B>, _ images: Tensor, _ scoring: ExitScoring
    ) throws -> [[Float]] {
        try model.logits(images).enumerated().map { exit, logits in
            let (rows, classes) = (logits.softmaxRows, logits.shape[1])
            return stride(from: 0, to: rows.count, by: classes).map {
                scoring.score(rows[$0..<$0 + classes], exit: exit)
            }
        }
    }

    private func model<B: Backend>(
        _ configuration: CascadeConfiguration, on backend: B
    ) throws -> DynamicVisionTransformer<B> {
        try DynamicVisionTransformer(
            configuration, weights: SyntheticWeights(seed: 2), backend: backend)
    }

    private func images(_ configuration: CascadeConfiguration, _ count: Int) -> Tensor {
        SyntheticImages.batch(configuration.imageShape(batch: count), seed: 4)
    }
}
