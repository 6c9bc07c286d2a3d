import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTModel

/// Gradients computed by another implementation, with their metadata.
struct ExpectedGradients {
    let tensors: SafetensorsFile
    let labels: [Int]
    var seed: UInt64? { tensors.metadata["seed"].flatMap { UInt64($0) } }

    init(path: String) throws {
        tensors = try SafetensorsFile(path: path)
        let words = tensors.metadata["labels"]?.split(separator: ",") ?? []
        labels = words.compactMap { Int($0.trimmingSpaces()) }
        guard !labels.isEmpty, labels.count == words.count else {
            throw ExpectationError(
                path: path,
                problem: #"its metadata has no labels such as "3,1,4,9"; give a file of gradients"#)
        }
    }

    /// Checks that the file matches the requested comparison.
    func check(_ configuration: CascadeConfiguration, seed: UInt64, batch: Int?) throws {
        let faults: [(Bool, String)] = [
            (self.seed.map { $0 != seed } ?? false, "was generated with another seed"),
            (batch.map { $0 != labels.count } ?? false, "has another batch size"),
            (
                !labels.allSatisfy { (0..<configuration.classes).contains($0) },
                "has labels outside the model's classes"
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

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        drop { $0 == " " }
    }
}
