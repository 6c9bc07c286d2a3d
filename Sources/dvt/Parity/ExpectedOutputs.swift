import DVTCheckpoints
import DVTCore
import DVTModel
import DVTSupport

/// A file of logits that another implementation computed, and what it says of their making.
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

    /// Refuses a comparison that the file cannot serve.
    func check(
        _ configuration: CascadeConfiguration, seed: UInt64, batch: Int?, includesLayers: Bool
    ) throws {
        let names = Set(configuration.stages.indices.map { "logits\($0)" })
        let found = tensors.shapes.keys.filter { $0.hasPrefix("logits") }
        let faults: [(Bool, String)] = [
            (
                Set(found) != names,
                "holds the logits of \(found.count) exits, not of \(names.count)"
            ),
            (tensors.shapes["logits0"]?[1] != configuration.classes, "has other classes"),
            (self.seed.map { $0 != seed } ?? false, "was made with another seed"),
            (batch.map { $0 != self.batch } ?? false, "holds another batch size"),
            (
                featureReuse.map { $0 != configuration.featureReuse } ?? false,
                "was made with the other setting of --feature-reuse"
            ),
            (
                relationReuse.map { $0 != configuration.relationReuse } ?? false,
                "was made with the other setting of --relation-reuse"
            ),
            (
                includesLayers && !tensors.shapes.keys.contains { $0.hasPrefix("stage") },
                "holds no layers to compare"
            ),
        ]
        for (isFault, reason) in faults where isFault {
            throw ExpectationError(
                path: tensors.origin,
                problem: """
                    \(reason); asked for was \(configuration.name), seed \(seed); \
                    change the options or give another file
                    """)
        }
    }
}

/// A file of logits that a comparison cannot use.
struct ExpectationError: Error, Equatable, CustomStringConvertible {
    let path: String
    let problem: String

    var description: String { "\(shown(path)): \(problem)" }
}
