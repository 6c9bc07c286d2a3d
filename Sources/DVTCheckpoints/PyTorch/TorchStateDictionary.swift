/// The weights of a checkpoint: a dictionary of tensors by name, which scripts save under various
/// keys.
struct TorchStateDictionary {
    /// The keys of the weights, in order of precedence.
    ///
    /// The first is the original DVT's. If a file has both, the averaged weights take precedence,
    /// as in timm and T2T-ViT, and DINO's teacher, which is an average of the student.
    static let wrappers = [
        "model_state_dict", "state_dict_ema", "ema_state_dict", "model_ema", "state_dict", "model",
        "module", "net", "teacher", "student",
    ]
    /// The maximum number of tensors and other entries.
    static let entryLimit = 1 << 17
    /// The maximum nesting depth of dictionaries.
    static let depthLimit = 16
    /// The maximum length of a joined name, in UTF-8 bytes.
    static let nameByteLimit = PickleGraph.keyByteLimit

    /// The tensors by name.
    private(set) var tensors: [String: PickleTensor] = [:]
    /// The key of the weights, or nil if the whole object is the dictionary.
    let wrapper: String?
    /// Other keys under which the file has tensors.
    private(set) var alternatives: [String] = []
    private var entryCount = 0

    /// Finds the weights.
    ///
    /// - Parameters:
    ///   - container: the parsed file.
    ///   - chosen: the key of the weights, or nil for the first of ``wrappers`` that has tensors.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    init(_ container: TorchContainer, key chosen: String? = nil) throws {
        let graph = container.graph
        guard let members = graph.members(container.root) else {
            throw PyTorchCheckpointError.Problem.notADictionary(
                graph.description(of: container.root))
        }
        for key in chosen.map({ [$0] }) ?? Self.wrappers {
            guard let value = members.first(where: { $0.key == key })?.value else { continue }
            var found = Self(wrapper: key)
            try found.collect(Self.unwrapped(value, in: graph), in: graph)
            guard found.tensors.isEmpty else {
                found.alternatives = members.compactMap { other, value in
                    other != key && Self.wrappers.contains(other) && graph.members(value) != nil
                        ? other : nil
                }
                self = found
                return
            }
        }
        self.init(wrapper: nil)
        if let chosen {
            throw PyTorchCheckpointError.Problem.noTensors(key: chosen, keys: members.map(\.key))
        }
        // The whole object is the dictionary only if it has tensors at the top level: nested ones
        // may be an optimizer's.
        if members.contains(where: { graph.tensor($0.value) != nil }) {
            try collect(container.root, in: graph)
        }
        guard !tensors.isEmpty else {
            throw PyTorchCheckpointError.Problem.noStateDictionary(keys: members.map(\.key))
        }
    }

    private init(wrapper: String?) {
        self.wrapper = wrapper
    }

    /// The dictionary under a second key, if this one has no tensors at its top level.
    private static func unwrapped(_ value: PickleValue, in graph: PickleGraph) -> PickleValue {
        guard let members = graph.members(value),
            !members.contains(where: { graph.tensor($0.value) != nil })
        else { return value }
        let inner = wrappers.lazy.compactMap { key in
            members.first { $0.key == key && graph.members($0.value) != nil }?.value
        }
        return inner.first ?? value
    }

    /// The position of a nested dictionary.
    private struct Place {
        var prefix = ""
        /// The indices of the enclosing dictionaries, which break cycles.
        var path: [Int] = []
    }

    private mutating func collect(
        _ value: PickleValue, in graph: PickleGraph, at place: Place = Place()
    ) throws {
        guard case .object(let index) = value, place.path.count < Self.depthLimit,
            !place.path.contains(index)
        else { return }
        // Counted on every visit, because a dictionary may be referenced many times.
        entryCount += 1 + graph[index].elements.count / 2
        guard entryCount <= Self.entryLimit else {
            throw PyTorchCheckpointError.Problem.tooManyEntries(limit: Self.entryLimit)
        }
        for (key, value) in graph.members(.object(index)) ?? [] {
            guard case .object = value else { continue }
            let name = place.prefix + key
            guard name.utf8.count <= Self.nameByteLimit else {
                throw PyTorchCheckpointError.Problem.nameTooLong(name, limit: Self.nameByteLimit)
            }
            if let tensor = graph.tensor(value) {
                guard tensors.updateValue(tensor, forKey: name) == nil else {
                    throw PyTorchCheckpointError.Problem.repeatedName(name)
                }
            } else {
                let inner = Place(prefix: name + ".", path: place.path + [index])
                try collect(value, in: graph, at: inner)
            }
        }
    }
}

extension PickleGraph {
    /// Describes a value in a message.
    ///
    /// - Parameter value: the value.
    /// - Returns: a noun phrase.
    func description(of value: PickleValue) -> String {
        switch value {
        case .none: return "None"
        case .bool, .int, .double: return "a number"
        case .string, .bytes: return "text"
        case .object(let index):
            switch self[index].kind {
            case .tuple, .list, .set: return "a list"
            case .dictionary: return "a dictionary"
            case .tensor, .storage: return "one tensor"
            case .numPyType, .numPyArray: return "a NumPy array"
            case .opaque(let global), .global(let global): return "an object of \(global.path)"
            }
        }
    }
}
