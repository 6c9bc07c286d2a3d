package import DVTModel
import DVTSupport
import Glibc

extension TrainingRecipe {
    /// The pattern that stands for all parameters except those of heads and reuse MLPs.
    package static var backbone: String { "backbone" }

    /// The parameters that the recipe's patterns freeze.
    ///
    /// A pattern is ``backbone``, or matches a parameter's name as the shell matches file names:
    /// `blocks.0.*`, or `stages.1.blocks.*` for those of one stage, from 0.
    ///
    /// - Parameter configuration: the model.
    /// - Returns: the frozen parameters.
    /// - Throws: ``TrainingError/invalidRecipe(origin:reason:)`` if a pattern matches nothing, or
    ///   nothing is left to train.
    package func frozenParameters(
        of configuration: CascadeConfiguration
    ) throws(TrainingError) -> Set<ParameterSpecification> {
        let trained = configuration.parameters.filter(\.role.isTrained)
        var frozen: Set<ParameterSpecification> = []
        for pattern in freeze {
            let matched = trained.filter { $0.matches(pattern) }
            guard !matched.isEmpty else {
                let question = suggestion(for: pattern, among: trained.map(\.name))
                throw .invalidRecipe(
                    origin: "recipe",
                    reason: """
                        freeze: no parameter of \(printable(configuration.name)) matches \
                        \(quoted(pattern)); \(question.map { "\($0) " } ?? "")it takes backbone, or \
                        names such as blocks.0.*
                        """)
            }
            frozen.formUnion(matched)
        }
        guard frozen.count < trained.count else {
            throw .invalidRecipe(
                origin: "recipe",
                reason: "freeze: every parameter is frozen; nothing is left to train")
        }
        return frozen
    }
}

extension ParameterSpecification {
    fileprivate func matches(_ pattern: String) -> Bool {
        guard pattern != TrainingRecipe.backbone else { return !role.isHead && !isOfReuse }
        return [name, "stages.\(stage).\(name)"].contains { (name: String) in
            fnmatch(pattern, name, 0) == 0
        }
    }

    /// The factor of the learning rate under layer-wise decay: 1 for the head and the last norm,
    /// one more factor of `decay` for every block below, down to the embedding.
    ///
    /// - Parameters:
    ///   - decay: the factor from a block to the one before.
    ///   - configuration: the model.
    /// - Returns: `decay^(L + 1 - layer)`; the embedding is layer 0, block i layer i + 1.
    /// - SeeAlso: Clark et al., ELECTRA, <https://arxiv.org/abs/2003.10555>.
    func rateFactor(decay: Double, in configuration: CascadeConfiguration) -> Double {
        let layers = configuration.stages[stage].depth + 1
        let parts = name.split(separator: ".")
        let layer =
            switch parts.first {
            case "blocks": (parts.dropFirst().first.flatMap { Int($0) } ?? 0) + 1
            case "norm", "head", "relation_reuse": layers
            default: 0
            }
        return pow(decay, Double(layers - layer))
    }
}
