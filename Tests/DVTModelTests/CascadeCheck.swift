import DVTCore
import DVTEvaluation
import DVTModel
import DVTParity
import DVTTestSupport
import Testing

/// Compares two runs of a batch: one through all exits, and one with thresholds that some images
/// meet at each exit.
struct CascadeCheck<Base: Backend> {
    private let model: DynamicVisionTransformer<RecordingBackend<Base>>
    private let images: Tensor
    private let tolerance: Double

    /// Creates the check.
    ///
    /// - Parameters:
    ///   - model: the cascade.
    ///   - images: the batch.
    ///   - tolerance: the allowed relative L2 distance between a survivor's logits and those of the
    ///     run through all exits; 0 means bit for bit.
    init(
        _ model: DynamicVisionTransformer<RecordingBackend<Base>>, _ images: Tensor,
        tolerance: Double
    ) {
        self.model = model
        self.images = images
        self.tolerance = tolerance
    }

    func run() throws {
        let all = try model.logits(images)
        let visits = try model.classify(images, policy: .allExits).predictions.map(\.visits)
        let plan = ExitPlan(visits)
        model.backend.reset()
        let result = try model.classify(images, policy: .thresholds(plan.thresholds))
        let rows = model.configuration.stages.indices.map { stage in
            plan.exits.count { $0 >= stage }
        }
        #expect(result.predictions.map(\.exit) == plan.exits)
        #expect(result.stageRows == rows)
        #expect(model.backend.batches("patchEmbed") == rows.filter { $0 > 0 })
        #expect(model.backend.batches("confidence") == rows.filter { $0 > 0 })
        try compareLogits(with: all, thresholds: plan.thresholds)
    }

    private func compareLogits(with all: [Tensor], thresholds: [Float]) throws {
        let classes = model.configuration.classes
        try model.run(images, policy: .thresholds(thresholds)) { visit in
            let actual = try model.backend.download(visit.logits)
            let logits = all[visit.exit].values
            let expected = Tensor(
                actual.shape,
                values: visit.rows.flatMap { logits[$0 * classes..<($0 + 1) * classes] })
            let distance = try Distance(actual, from: expected)
            #expect(distance.relativeL2 <= tolerance, "exit \(visit.exit): \(distance)")
        }
    }
}

/// Thresholds that about half of the images meet at each exit.
struct ExitPlan {
    /// Halfway between two images' scores, so rounding changes no exit.
    let thresholds: [Float]
    /// The resulting exit of each image.
    let exits: [Int]

    /// Plans exits.
    ///
    /// - Parameter visits: every image's scores at all exits.
    init(_ visits: [[ClassConfidence]]) {
        let last = (visits.first?.count ?? 1) - 1
        var exits = Array(repeating: last, count: visits.count)
        var staying = Array(visits.indices)
        thresholds = (0..<last).map { exit in
            let sorted = staying.map { visits[$0][exit].score }.sorted()
            let middle = sorted.count / 2
            let threshold = sorted.count < 2 ? 2 : (sorted[middle - 1] + sorted[middle]) / 2
            for image in staying where visits[image][exit].score >= threshold {
                exits[image] = exit
            }
            staying.removeAll { exits[$0] == exit }
            return threshold
        }
        self.exits = exits
    }
}
