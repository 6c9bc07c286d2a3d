package import DVTCore

/// Images on their way through a cascade: the one place that runs stages and asks for exits.
///
/// What goes on after a stage joins those that wait at the next one, on the device. A stage runs
/// when as many wait as a batch holds, or when it is told to go on without more.
struct CascadeFlow<B: Backend> {
    typealias Batch = StageBatch<B.DeviceTensor>
    typealias Trace = (String, Tensor) -> Void
    typealias Visit = (ExitVisit<B.DeviceTensor>) throws -> Void

    private let model: DynamicVisionTransformer<B>
    private let policy: ExitPolicy
    private let capacity: Int
    /// The images before every stage, fewer than a batch holds.
    private var waiting: [Batch?]

    /// Creates a flow without images.
    ///
    /// - Parameters:
    ///   - model: the cascade.
    ///   - policy: which images leave at which exit; it fits the cascade.
    ///   - capacity: the images of a full batch.
    init(_ model: DynamicVisionTransformer<B>, policy: ExitPolicy, capacity: Int) {
        self.model = model
        self.policy = policy
        self.capacity = capacity
        waiting = Array(repeating: nil, count: model.stages.count)
    }

    /// Lets images in, and runs every stage whose batch that fills.
    ///
    /// - Parameters:
    ///   - arrivals: no more images than a batch holds.
    ///   - trace: told every intermediate by name, or nil.
    ///   - visit: told, after every stage, what it computed.
    /// - Throws: the backend's error, or `visit`'s.
    mutating func add(_ arrivals: Batch, trace: Trace? = nil, visit: Visit) throws {
        let everyone = Array(arrivals.indices.indices)
        if let batch = try join(arrivals, rows: everyone, at: 0) {
            try run(batch, at: 0, trace: trace, visit: visit)
        }
    }

    /// Runs all images to their exits, in batches that need not be full.
    ///
    /// - Parameters:
    ///   - trace: told every intermediate by name, or nil.
    ///   - visit: told, after every stage, what it computed.
    /// - Throws: the backend's error, or `visit`'s.
    mutating func flush(trace: Trace? = nil, visit: Visit) throws {
        for stage in waiting.indices {
            guard let batch = waiting[stage] else { continue }
            waiting[stage] = nil
            try run(batch, at: stage, trace: trace, visit: visit)
        }
    }

    /// Runs a stage, and then each later one whose batch its survivors fill.
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

    /// Runs one stage and decides who goes on.
    ///
    /// - Returns: the batch as the next stage takes it, and the rows of it that go on.
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

    /// Puts images behind those that wait before a stage.
    ///
    /// - Parameters:
    ///   - arrivals: the batch that they are in.
    ///   - rows: their rows in it.
    ///   - stage: the stage.
    /// - Returns: a full batch if there is one; what is beyond it waits.
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

/// Images that a stage runs together.
struct StageBatch<DeviceTensor: BackendTensor> {
    /// Whose they are: numbers that the caller gave.
    let indices: [Int]
    /// `[indices.count, C, S, S]`.
    let images: DeviceTensor
    /// What the stage reuses of the one before.
    var state = StageState<DeviceTensor>()

    /// Some of the images, behind others.
    ///
    /// - Parameters:
    ///   - rows: the images, by their rows here, in order.
    ///   - others: the images that come first, or nil.
    ///   - backend: the device that holds them.
    /// - Returns: a dense batch; nothing is copied where it would be this one.
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

/// What a stage computed for the images that reached its exit.
package struct ExitVisit<DeviceTensor> {
    /// The exit, from 0.
    package let exit: Int
    /// The images, by their rows in the batch or their places in the stream.
    package let rows: [Int]
    /// Each image's likeliest class, with what is compared with thresholds.
    package let confidences: [ClassConfidence]
    /// Who leaves here: indices into `rows`.
    package let exiting: [Int]
    /// `[rows.count, classes]`.
    package let logits: DeviceTensor
    /// The class token after the last LayerNorm, `[rows.count, D]`.
    package let features: DeviceTensor
}
