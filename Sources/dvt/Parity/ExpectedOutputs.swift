import DVTCheckpoints
import DVTCore
import DVTModel
import DVTSupport

/// Logits computed by another implementation, with their metadata.
struct ExpectedOutputs {
    let tensors: SafetensorsFile

    init(path: String) throws {
        tensors = try SafetensorsFile(path: path)
        guard let batch, batch > 0 else {
            throw ExpectationError(
                path: path,
                problem: "has no tensor logits0 of shape [B, classes]; give a file of logits")
        }
    }

    var batch: Int? {
        guard let shape = tensors.shapes["logits0"], shape.rank == 2 else { return nil }
        return shape[0]
    }
    var seed: UInt64? { tensors.metadata["seed"].flatMap { UInt64($0) } }
    var featureReuse: Bool? { flag("feature_reuse") }
    var relationReuse: Bool? { flag("relation_reuse") }

    private func flag(_ key: String) -> Bool? {
        tensors.metadata[key].map { $0.lowercased() == "true" }
    }

    /// Checks that the file matches the requested comparison.
    func check(
        _ configuration: CascadeConfiguration, seed: UInt64, batch: Int?, includesLayers: Bool
    ) throws {
        let names = Set(configuration.stages.indices.map { "logits\($0)" })
        let found = tensors.shapes.keys.filter { $0.hasPrefix("logits") }
        let faults: [(Bool, String)] = [
            (
                Set(found) != names,
                "contains the logits of \(found.count) exits, not \(names.count)"
            ),
            (
                tensors.shapes["logits0"]?[1] != configuration.classes,
                "has a different number of classes"
            ),
            (self.seed.map { $0 != seed } ?? false, "was generated with another seed"),
            (batch.map { $0 != self.batch } ?? false, "has another batch size"),
            (
                featureReuse.map { $0 != configuration.featureReuse } ?? false,
                "was generated with the other setting of --feature-reuse"
            ),
            (
                relationReuse.map { $0 != configuration.relationReuse } ?? false,
                "was generated with the other setting of --relation-reuse"
            ),
            (
                includesLayers && !tensors.shapes.keys.contains { $0.hasPrefix("stage") },
                "contains no intermediates to compare"
            ),
        ]
        for (isFault, reason) in faults where isFault {
            throw ExpectationError(
                path: tensors.origin,
                problem: """
                    \(reason); requested: \(configuration.name), seed \(seed); change the options \
                    or give another file
                    """)
        }
    }
}
