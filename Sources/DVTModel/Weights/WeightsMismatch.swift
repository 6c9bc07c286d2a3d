internal import DVTCore
import DVTSupport

/// Why the tensors of a checkpoint are not a model's parameters.
struct WeightsMismatch {
    let stored: StoredNames
    let configuration: CascadeConfiguration
    /// The tensors that the model needs.
    let needed: [StoredTensor]

    /// The first fault, with names of both sides; nil if everything fits.
    var reason: String? {
        if let clash = stored.clash {
            return "both \(quoted(clash.0)) and \(quoted(clash.1)) name the same parameter"
        }
        let missing = needed.filter { stored.names[$0.name] == nil }
        if stored.lacksHead, !missing.isEmpty,
            missing.allSatisfy({ StoredNames.isHead($0.name) })
        {
            return "it has no head, only a backbone; its features can be used, or a head trained"
        }
        if let first = missing.first {
            let count = missing.count == 1 ? "a tensor is" : "\(missing.count) tensors are"
            return ["\(count) missing, first \(first.name) \(first.shape)", othersClause, hint]
                .compactMap { $0 }.joined(separator: "; ")
        }
        for tensor in needed {
            if let actual = stored.shapes[tensor.name], actual != tensor.shape {
                let fault = "\(tensor.name) has shape \(actual), but \(tensor.shape) is needed"
                return [fault, sizes].compactMap { $0 }.joined(separator: "; ")
            }
        }
        return extraTensors
    }

    /// The names in the file, in order, that the model does not have.
    private var others: [String] {
        let used = Set(needed.map(\.name))
        return stored.names.filter { name, _ in
            !used.contains(name) && !UnusedTensors.hold(name) && !TrainingState.holds(name)
        }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// A few names of the file beside those that are missing.
    private var othersClause: String? {
        let names = others
        guard !names.isEmpty else { return nil }
        let shown = names.prefix(2).map { quoted($0, limit: 48) }.joined(separator: ", ")
        return "it holds \(shown)" + (names.count > 2 ? " and \(names.count - 2) others" : "")
            + " instead"
    }

    /// The tensors that the model does not have, for messages; nil if there are none.
    var leftovers: String? {
        let names = others
        guard let name = names.first else { return nil }
        let text =
            names.count == 1
            ? "\(quoted(name)) has no place in the model and is not used"
            : "\(names.count) tensors have no place in the model and are not used, first "
                + quoted(name)
        return [text, NetworkSigns.text(stored.names.keys)].compactMap { $0 }.joined(
            separator: "; ")
    }

    private var extraTensors: String? {
        let names = others
        guard let name = names.first else { return nil }
        let text = quoted(name) + (stored.shape(inFile: name).map { " \($0)" } ?? "")
        let fault =
            names.count == 1
            ? "it holds \(text), which the model does not have"
            : "it holds \(names.count) unexpected tensors, first \(text)"
        return "\(fault); \(hint ?? "is this another model's file?")"
    }

    /// What the names of the file say, or nil.
    private var hint: String? {
        if let text = NetworkSigns.text(stored.names.keys) { return text }
        if !stored.networks.isEmpty {
            let prefixes = stored.networks.prefix(3).map { quoted($0, limit: 40) }
            return """
                it holds \(stored.networks.count) networks, under \(prefixes.joined(separator: ", ")): \
                save one of them alone
                """
        }
        return sizes
    }

    /// The sizes of a plain ViT in the file, if they are not the model's.
    private var sizes: String? {
        if configuration.stages.count == 1, let stage = stages(inFile: 2) {
            return
                "it holds a cascade, with \(stage), and \(printable(configuration.name)) has one stage"
        }
        guard let network = PlainNetwork(stored.shapes) else { return nil }
        let stage = configuration.stages[0]
        guard configuration.stages.count == 1 else {
            return "it holds \(network.description), and the model is a cascade"
        }
        let isSame =
            network.width == stage.width && network.blocks == stage.depth
            && network.patch == stage.patch.kernel && stage.tokenizer == .linear
        return isSame ? nil : "it holds \(network.description)"
    }

    /// The names of the stages in the file, if there are at least this many.
    private func stages(inFile count: Int) -> String? {
        let stages = Set(
            stored.names.keys.compactMap { name in
                name.split(separator: ".").first.flatMap { StoredNames.isStage($0) ? $0 : nil }
            })
        return stages.count >= count
            ? stages.sorted().prefix(3).map { quoted(String($0), limit: 24) }.joined(
                separator: ", ")
            : nil
    }
}
