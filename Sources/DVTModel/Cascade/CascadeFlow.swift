package import DVTCore

/// Runs images through the stages of a cascade and applies the exit policy.
///
/// Images that do not exit at a stage wait at the next one, on the device. A stage runs when a full
/// batch is waiting, or when the flow is flushed.
struct CascadeFlow<B: Backend> {
    typealias Batch = StageBatch<B.DeviceTensor>
    typealias Trace = (String, Tensor) -> Void
    typealias Visit = (ExitVisit<B.DeviceTensor>) throws -> Void

    private let model: DynamicVisionTransformer<B>
    private let policy: ExitPolicy
    private let capacity: Int
    /// The images waiting at each stage, fewer than a full batch.
    private var waiting: [Batch?]

    /// Creates a flow without images.
    ///
    /// - Parameters:
    ///   - model: the cascade.
    ///   - policy: the exit policy, already checked against the cascade.
    ///   - capacity: the number of images in a full batch.
    init(_ model: DynamicVisionTransformer<B>, policy: ExitPolicy, capacity: Int) {
        self.model = model
        self.policy = policy
        self.capacity = capacity
        waiting = Array(repeating: nil, count: model.stages.count)
    }

    /// Adds images and runs every stage whose batch becomes full.
    ///
    /// - Parameters:
    ///   - arrivals: at most a full batch.
    ///   - trace: receives every intermediate by name, or nil.
    ///   - visit: receives the results of each stage.
    /// - Throws: the backend's error, or `visit`'s.
    mutating func add(_ arrivals: Batch, trace: Trace? = nil, visit: Visit) throws {
        let everyone = Array(arrivals.indices.indices)
        if let batch = try join(arrivals, rows: everyone, at: 0) {
            try run(batch, at: 0, trace: trace, visit: visit)
        }
    }

    /// Runs all waiting images to their exits, in partial batches.
    ///
    /// - Parameters:
    ///   - trace: receives every intermediate by name, or nil.
    ///   - visit: receives the results of each stage.
    /// - Throws: the backend's error, or `visit`'s.
    mutating func flush(trace: Trace? = nil, visit: Visit) throws {
        for stage in waiting.indices {
            guard let batch = waiting[stage] else { continue }
            waiting[stage] = nil
            try run(batch, at: stage, trace: trace, visit: visit)
        }
    }

    /// Runs a stage, then each later stage whose batch becomes full.
    private mutating func run(
        _ batch: Batch, at first: Int, trace: Trace?, visit: Visit
    ) throws {
        var (stage, ready) = (first, Optional(batch))
        while let batch = ready {
            ready = nil
            let (output, staying) = try runStage(stage, batch, trace: trace, visit: visit)
            guard !staying.isEmpty else { return }
            stage += 1
            ready = try join(output, rows: staying, at: stage)
        }
    }

    /// Runs one stage and selects the images that continue.
    ///
    /// - Returns: the batch with its new state, and the rows that continue.
    /// - Throws: the backend's error, or `visit`'s.
    private func runStage(
        _ index: Int, _ batch: Batch, trace: Trace?, visit: Visit
    ) throws -> (output: Batch, staying: [Int]) {
        let (backend, configuration) = (model.backend, model.configuration)
        let isLast = index == policy.lastStage(of: model.stages.count)
        let output = try model.stages[index](
            batch.images, reusing: batch.state,
            keeping: KeptState(
                features: !isLast && configuration.featureReuse,
                relations: !isLast && configuration.relationReuse), on: backend,
            trace: trace.map { StageTrace(stage: index, backend: backend, sink: $0) })
        let confidences = try policy.scoring.confidences(
            output.logits, exit: index, on: backend)
        let stays = confidences.map { !isLast && !policy.exits(at: index, score: $0.score) }
        try visit(
            ExitVisit(
                exit: index, rows: batch.indices, confidences: confidences,
                exiting: stays.indices.filter { !stays[$0] }, logits: output.logits,
                features: output.features))
        return (
            StageBatch(indices: batch.indices, images: batch.images, state: output.state),
            stays.indices.filter { stays[$0] }
        )
    }

    /// Appends images to those waiting at a stage.
    ///
    /// - Parameters:
    ///   - arrivals: the batch that contains the images.
    ///   - rows: their rows in the batch.
    ///   - stage: the stage.
    /// - Returns: a full batch, or nil; the remaining images wait.
    /// - Throws: the backend's error.
    private mutating func join(
        _ arrivals: Batch, rows: [Int], at stage: Int
    ) throws -> Batch? {
        let others = waiting[stage]
        waiting[stage] = nil
        let room = capacity - (others?.indices.count ?? 0)
        let joined = try arrivals.gathered(
            Array(rows.prefix(room)), after: others, on: model.backend)
        guard joined.indices.count == capacity else {
            waiting[stage] = joined
            return nil
        }
        if rows.count > room {
            waiting[stage] = try arrivals.gathered(
                Array(rows.dropFirst(room)), after: nil, on: model.backend)
        }
        return joined
    }
}

/// The images that a stage runs together.
struct StageBatch<DeviceTensor: BackendTensor> {
    /// The caller's index of each image.
    let indices: [Int]
    /// `[indices.count, C, S, S]`.
    let images: DeviceTensor
    /// What the stage reuses from the previous one.
    var state = StageState<DeviceTensor>()

    /// Selects images and appends them to others.
    ///
    /// - Parameters:
    ///   - rows: the rows of the selected images, in order.
    ///   - others: the images that come first, or nil.
    ///   - backend: the device that holds them.
    /// - Returns: a dense batch; this one, without a copy, if all images are selected.
    /// - Throws: the backend's error.
    func gathered<B: Backend>(_ rows: [Int], after others: Self?, on backend: B) throws -> Self
    where B.DeviceTensor == DeviceTensor {
        if others == nil, rows.count == indices.count { return self }
        return Self(
            indices: (others?.indices ?? []) + rows.map { indices[$0] },
            images: try backend.gather(images, rows: rows, after: others?.images),
            state: try state.gathered(rows, after: others?.state, on: backend))
    }
}

/// The results of a stage for the images that reached its exit.
package struct ExitVisit<DeviceTensor> {
    /// The exit, from 0.
    package let exit: Int
    /// The images' indices in the batch or stream.
    package let rows: [Int]
    /// Each image's top-1 class and score.
    package let confidences: [ClassConfidence]
    /// The images that take this exit, as indices into `rows`.
    package let exiting: [Int]
    /// `[rows.count, classes]`.
    package let logits: DeviceTensor
    /// The class token after the last LayerNorm, `[rows.count, D]`.
    package let features: DeviceTensor
}
