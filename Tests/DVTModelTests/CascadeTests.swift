import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTReference
import DVTTestSupport
import Testing

/// Exits, survivors and their cost on the reference.
@Suite struct CascadeTests {
    typealias Recorder = RecordingBackend<ReferenceBackend>

    private func model(
        _ configuration: CascadeConfiguration
    ) throws -> DynamicVisionTransformer<Recorder> {
        let backend = Recorder(ReferenceBackend())
        return try DynamicVisionTransformer(
            configuration, weights: SyntheticWeights(seed: 2), backend: backend)
    }

    private func images(_ configuration: CascadeConfiguration, _ batch: Int) -> Tensor {
        SyntheticImages.batch(configuration.imageShape(batch: batch), seed: 4)
    }

    /// The rows of every stage are the survivors; each image's results equal those of a full run.
    @Test(arguments: TestCascades.grids, [1, 2, 3, 5, 17])
    func onlySurvivorsContinue(grids: [Int], batch: Int) throws {
        let configuration = try TestCascades.cascade(grids)
        try CascadeCheck(model(configuration), images(configuration, batch), tolerance: 0).run()
    }

    @Test(arguments: [(true, false), (false, true), (false, false)])
    func reuseCanBeOff(features: Bool, relations: Bool) throws {
        let configuration = try TestCascades.cascade(
            [7, 10, 14], featureReuse: features, relationReuse: relations)
        try CascadeCheck(model(configuration), images(configuration, 5), tolerance: 0).run()
    }

    @Test func stagesMayDifferInWidth() throws {
        let configuration = try TestCascades.cascade([7, 10, 14], widths: [32, 64, 32])
        try CascadeCheck(model(configuration), images(configuration, 3), tolerance: 0).run()
    }

    /// After all images have exited, nothing of the next stage is enqueued: apart from kept
    /// relations the calls are those of a run that is limited to the first exit.
    @Test func nothingRunsAfterAllImagesExit() throws {
        let configuration = try TestCascades.cascade([7, 10, 14])
        let model = try model(configuration)
        model.backend.reset()
        let result = try model.classify(
            images(configuration, 3), policy: .thresholds([0, 0]))
        #expect(result.stageRows == [3, 0, 0])
        #expect(result.predictions.allSatisfy { $0.exit == 0 && $0.visits.count == 1 })
        #expect(result.predictions[0].multiplyAdds == configuration.cumulativeMultiplyAdds[0])
        let calls = model.backend.calls.map(\.name)
        #expect(calls.last == "confidence")
        #expect(calls.count { $0 == "patchEmbed" } == 1)
        #expect(!calls.contains("gather") && !calls.contains("featureReuse"))
        #expect(calls.count { $0 == "attention keeping" } == 2)
    }

    @Test(arguments: [0, 1, 2])
    func aFixedExitRunsNoLaterStage(exit: Int) throws {
        let configuration = try TestCascades.cascade([7, 10, 14])
        let model = try model(configuration)
        let all = try model.classify(images(configuration, 3), policy: .allExits)
        model.backend.reset()
        let result = try model.classify(images(configuration, 3), policy: .exit(exit))
        #expect(
            result.stageRows == [3, 3, 3].enumerated().map { $0.offset <= exit ? $0.element : 0 })
        #expect(model.backend.batches("patchEmbed") == Array(repeating: 3, count: exit + 1))
        // The last stage that runs has no successor, so it keeps no logits.
        #expect(model.backend.batches("makeRelations").count == exit)
        for (prediction, full) in zip(result.predictions, all.predictions) {
            #expect(prediction.exit == exit)
            #expect(prediction.visits == Array(full.visits.prefix(exit + 1)))
        }
    }

    /// In the last block of a stage without a successor, only the class tokens' rows are computed
    /// after keys and values; the logits equal those of the whole block, which traces compute.
    @Test(arguments: [(true, true), (true, false), (false, true), (false, false)])
    func theLastBlockComputesClassTokens(features: Bool, relations: Bool) throws {
        let configuration = try TestCascades.cascade(
            [7, 10], featureReuse: features, relationReuse: relations)
        let model = try model(configuration)
        let images = images(configuration, 2)
        let logits = try model.logits(images)
        // Without any reuse, this also applies to the first stage.
        let stages = features || relations ? 1 : 2
        #expect(model.backend.batches("class attention") == Array(repeating: 2, count: stages))
        #expect(try model.logits(images) { _, _ in } == logits)
        #expect(model.backend.batches("class attention").count == stages)
    }

    @Test func nothingIsCopiedWhenAllSurvive() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let model = try model(configuration)
        model.backend.reset()
        _ = try model.classify(images(configuration, 2), policy: .thresholds([2]))
        #expect(model.backend.batches("gather").isEmpty)
    }

    @Test func aThresholdIsMetByEquality() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let model = try model(configuration)
        let images = images(configuration, 1)
        let confidence = try model.classify(images, policy: .exit(0)).predictions[0].probability
        let exits = try [confidence, confidence.nextUp].map {
            try model.classify(images, policy: .thresholds([$0])).predictions[0].exit
        }
        #expect(exits == [0, 1])
    }

    @Test func listsTheMostProbableClasses() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let model = try model(configuration)
        let images = images(configuration, 3)
        let result = try model.classify(images, policy: .allExits, topK: 9)
        for prediction in result.predictions {
            #expect(prediction.top.count == 5)
            #expect(prediction.top[0].classIndex == prediction.classIndex)
            #expect(abs(prediction.top[0].probability - prediction.probability) < 1e-6)
            let probabilities = prediction.top.map(\.probability)
            #expect(probabilities == probabilities.sorted(by: >))
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5)
            #expect(Set(prediction.top.map(\.classIndex)).count == 5)
        }
    }

    @Test func anEmptyBatchGivesNoPredictions() throws {
        let configuration = try TestCascades.cascade([7])
        let result = try model(configuration).classify(
            Tensor([0, 3, 56, 56], values: []), policy: .allExits)
        #expect(result.predictions.isEmpty)
    }

    @Test func refusesMismatchedPoliciesAndImages() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let model = try model(configuration)
        #expect(throws: ModelError.self) {
            try model.classify(Tensor([1, 3, 55, 55], repeating: 0), policy: .allExits)
        }
        #expect(throws: ModelError.self) {
            try model.classify(Tensor([], repeating: 0), policy: .allExits)
        }
        let policies: [(ExitPolicy, String)] = [
            (.thresholds([]), "1 threshold is needed"), (.exit(2), "exits 1...2"),
            (.exit(-1), "exits 1...2"), (.thresholds([.nan]), "not a number"),
        ]
        for (policy, part) in policies {
            let error = #expect(throws: ModelError.self) {
                try model.classify(images(configuration, 1), policy: policy)
            }
            #expect(error?.description.contains(part) == true)
        }
    }

    @Test func namesTheExitAndImageOfANaN() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let model = try model(configuration)
        var images = images(configuration, 3)
        images.values[2 * 3 * 56 * 56] = .nan
        #expect(throws: ModelError.notFinite(exit: 0, image: 2)) {
            try model.classify(images, policy: .allExits)
        }
    }
}

/// The same tests on OpenCL, whose order of sums may depend on the batch.
@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct OpenCLCascadeTests {
    @Test(arguments: TestCascades.grids, KernelStyle.allCases)
    func onlySurvivorsContinue(grids: [Int], style: KernelStyle) throws {
        let configuration = try TestCascades.cascade(grids)
        let backend = RecordingBackend(try TestDevice.makeBackend(style))
        let model = try DynamicVisionTransformer(
            configuration, weights: SyntheticWeights(seed: 2), backend: backend)
        for batch in [1, 2, 3, 5, 17] {
            let images = SyntheticImages.batch(configuration.imageShape(batch: batch), seed: 4)
            try CascadeCheck(model, images, tolerance: 1e-6).run()
        }
    }
}
