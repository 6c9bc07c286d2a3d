package import DVTCore
import DVTEvaluation
package import DVTModel

/// Times a cascade on synthetic images: each stage, all exits, and given exit shares.
package struct ModelBenchmark<B: Backend> {
    /// The measured quantity.
    package enum Measurement: Hashable, Sendable {
        /// One stage, from 0, for the whole batch: from the previous exit decision to its own.
        case stage(Int)
        /// All stages for the whole batch, including the upload.
        case allExits
        /// The cascade with given exit shares, including the upload.
        case cascade
        /// As many batches as repeats with the same shares in a ``/DVTModel/CascadeStream``: the
        /// mean time per batch, including the final flush.
        case streamed
    }

    /// The result of one measurement at one batch size.
    package struct Result: Sendable {
        /// The measured quantity.
        package let measurement: Measurement
        /// The batch size.
        package let batch: Int
        /// The times per batch.
        package let time: TimeStatistics
        /// The multiply-adds per batch.
        package let multiplyAdds: Int
        /// The time of the cascade predicted from the stage times in milliseconds, or nil.
        package let predictedMilliseconds: Double?
        /// The number of images in each stage.
        package let stageRows: [Int]
        /// The kernel launches per batch, on average for a stream; nil if not counted.
        package let launches: Int?

        /// The images per second, from the median time.
        package var imagesPerSecond: Double { Double(batch) * 1e3 / time.median }
    }

    private let model: DynamicVisionTransformer<B>
    private let warmUps: Int
    private let repeats: Int
    private let launchCount: (() -> Int)?

    /// Creates a benchmark.
    ///
    /// - Parameters:
    ///   - model: the cascade to time.
    ///   - warmUps: the number of discarded runs.
    ///   - repeats: the number of timed runs, at least one.
    ///   - launchCount: returns the backend's kernel launches so far, or nil.
    package init(
        _ model: DynamicVisionTransformer<B>, warmUps: Int, repeats: Int,
        launchCount: (() -> Int)? = nil
    ) {
        self.model = model
        self.warmUps = warmUps
        self.repeats = repeats
        self.launchCount = launchCount
    }

    /// Times one batch size.
    ///
    /// - Parameters:
    ///   - batch: the batch size.
    ///   - exitShares: the share of images for each exit, or nil for no cascade.
    ///   - seed: the seed of the images.
    /// - Returns: the results for each stage, all exits and the cascade.
    /// - Throws: the model's or the backend's error.
    package func run(batch: Int, exitShares: [Double]?, seed: UInt64 = 1) throws -> [Result] {
        let images = SyntheticImages.batch(
            model.configuration.imageShape(batch: batch), seed: seed)
        let all = try time(images, policy: .allExits)
        let stageCosts = model.configuration.stageMultiplyAdds
        let full = [Int](repeating: batch, count: stageCosts.count)
        var results = stageCosts.indices.map { stage in
            Result(
                measurement: .stage(stage), batch: batch, time: all.stages[stage],
                multiplyAdds: batch * stageCosts[stage], predictedMilliseconds: nil,
                stageRows: full, launches: all.launches?[stage])
        }
        results.append(
            Result(
                measurement: .allExits, batch: batch, time: all.total,
                multiplyAdds: batch * stageCosts.reduce(0, +), predictedMilliseconds: nil,
                stageRows: full, launches: all.launches?.reduce(0, +)))
        if let exitShares, stageCosts.count > 1 {
            results += try cascade(images, shares: exitShares, stages: all.stages)
        }
        return results
    }

    private func cascade(
        _ images: Tensor, shares: [Double], stages: [TimeStatistics]
    ) throws -> [Result] {
        let batch = images.shape[0]
        let policy = ExitPolicy.thresholds(try thresholds(images, shares: shares))
        let timed = try time(images, policy: policy)
        let costs = model.configuration.stageMultiplyAdds
        let predicted = zip(stages, timed.rows).reduce(0.0) {
            $0 + $1.0.median * Double($1.1) / Double(batch)
        }
        func result(
            _ measurement: Measurement, _ time: TimeStatistics, launches: Int?
        ) -> Result {
            Result(
                measurement: measurement, batch: batch, time: time,
                multiplyAdds: zip(costs, timed.rows).reduce(0) { $0 + $1.0 * $1.1 },
                predictedMilliseconds: predicted, stageRows: timed.rows, launches: launches)
        }
        let streamed = try timeStream(images, policy: policy)
        return [
            result(.cascade, timed.total, launches: timed.launches?.reduce(0, +)),
            result(.streamed, streamed.time, launches: streamed.launches),
        ]
    }

    /// The mean time per batch in a stream; a single sample, because batches do not finish one by
    /// one.
    private func timeStream(
        _ images: Tensor, policy: ExitPolicy
    ) throws -> (time: TimeStatistics, launches: Int?) {
        let stream = try CascadeStream(model, batch: images.shape[0], policy: policy)
        func run(_ batches: Int) throws {
            for _ in 0..<batches {
                _ = try stream.submit(images)
            }
            _ = try stream.flush()
        }
        try run(warmUps)
        let (start, before) = (ContinuousClock.now, launchCount?())
        try run(repeats)
        let time = (ContinuousClock.now - start) / .milliseconds(1)
        let launches = launchCount.flatMap { count in before.map { (count() - $0) / repeats } }
        return (TimeStatistics([time / Double(repeats)]), launches)
    }

    /// The thresholds at which these images exit in the given shares.
    private func thresholds(_ images: Tensor, shares: [Double]) throws -> [Float] {
        var confidences: [[Float]] = []
        try model.run(images, policy: .allExits) { visit in
            confidences.append(visit.confidences.map(\.probability))
        }
        var remaining = Array(0..<images.shape[0])
        return shares.dropLast().enumerated().map { exit, share in
            let count = min(
                Int((share * Double(images.shape[0])).rounded()), remaining.count)
            let ordered = remaining.sorted { confidences[exit][$0] > confidences[exit][$1] }
            // No image exits above 1.
            let threshold = count > 0 ? confidences[exit][ordered[count - 1]] : 2
            remaining = ordered.filter { confidences[exit][$0] < threshold }
            return threshold
        }
    }

    private struct Times {
        let stages: [TimeStatistics]
        let total: TimeStatistics
        let rows: [Int]
        /// The kernel launches of each stage.
        let launches: [Int]?
    }

    private func time(_ images: Tensor, policy: ExitPolicy) throws -> Times {
        var stages = [[Double]](repeating: [], count: model.configuration.stages.count)
        var totals: [Double] = []
        var rows = [Int](repeating: 0, count: stages.count)
        var launches = rows
        for run in 0..<warmUps + repeats {
            let start = ContinuousClock.now
            var last = start
            var lastLaunch = launchCount?() ?? 0
            try model.run(images, policy: policy) { visit in
                // The confidences have been read, so the stage is complete.
                let now = ContinuousClock.now
                if run >= warmUps {
                    stages[visit.exit].append((now - last) / .milliseconds(1))
                }
                rows[visit.exit] = visit.rows.count
                let launch = launchCount?() ?? 0
                launches[visit.exit] = launch - lastLaunch
                (last, lastLaunch) = (now, launch)
            }
            if run >= warmUps {
                totals.append((ContinuousClock.now - start) / .milliseconds(1))
            }
        }
        return Times(
            stages: stages.map { TimeStatistics($0.isEmpty ? [0] : $0) },
            total: TimeStatistics(totals), rows: rows,
            launches: launchCount == nil ? nil : launches)
    }
}
