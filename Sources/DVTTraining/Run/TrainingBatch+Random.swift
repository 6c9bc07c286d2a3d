internal import DVTCore
package import DVTModel
import DVTSupport

extension TrainingBatch {
    /// Returns random images and labels for benchmarks and tests.
    package static func random(
        for configuration: CascadeConfiguration, count: Int, seed: UInt64
    ) -> TrainingBatch {
        let classes = configuration.classes
        let stream = SeededValues(name: "labels", seed: seed)
        let labels = (0..<count).map { Int(stream.bits($0) % UInt64(classes)) }
        return TrainingBatch(
            index: 0,
            images: .uniform(configuration.imageShape(batch: count), name: "images", seed: seed),
            targets: .softTargets(labels, classes: classes, smoothing: 0, share: 1),
            labels: labels)
    }
}
