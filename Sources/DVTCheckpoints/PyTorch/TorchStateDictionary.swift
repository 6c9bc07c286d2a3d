/// The weights in what was saved: a dictionary of tensors by name, which scripts put at different
/// places.
struct TorchStateDictionary {
    /// Where the weights are looked for, in this order.
    ///
    /// The first is that of the original DVT. timm, and T2T-ViT after it, evaluate the averaged
    /// weights where a file has both.
    static let wrappers = [
        "model_state_dict", "state_dict_ema", "state_dict", "model", "model_ema", "module", "net",
    ]
    /// The most tensors, and other entries, that are looked at.
    static let entryLimit = 1 << 17
    /// The deepest nesting of dictionaries.
    static let depthLimit = 16
    /// The longest name, in bytes of UTF-8; the names of a dictionary in another are joined.
    static let nameByteLimit = PickleGraph.keyByteLimit

    /// The tensors by name.
    private(set) var tensors: [String: PickleTensor] = [:]
    /// The key under which the weights are, or nil if the whole object is the dictionary.
    let wrapper: String?
    private var entryCount = 0

    /// Finds the weights.
    ///
    /// - Parameter container: what was saved.
    /// - Throws: ``PyTorchCheckpointError/Problem``.
    init(_ container: TorchContainer) throws {
        let graph = container.graph
        guard let members = graph.members(container.root) else {
            throw PyTorchCheckpointError.Problem.notADictionary(
                graph.description(of: container.root))
        }
        for key in Self.wrappers {
            guard let value = members.first(where: { $0.key == key })?.value else { continue }
            var found = Self(wrapper: key)
            try found.collect(Self.unwrapped(value, in: graph), in: graph)
            guard found.tensors.isEmpty else {
                self = found
                return
            }
        }
        self.init(wrapper: nil)
        // Only tensors at the top make the whole object the dictionary: those further down may as
        // well be an optimizer's.
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

    /// The dictionary under a second wrapper, where the first holds no tensor itself.
    private static func unwrapped(_ value: PickleValue, in graph: PickleGraph) -> PickleValue {
        guard let members = graph.members(value),
            !members.contains(where: { graph.tensor($0.value) != nil })
        else { return value }
        let inner = wrappers.lazy.compactMap { key in
            members.first { $0.key == key && graph.members($0.value) != nil }?.value
        }
        return inner.first ?? value
    }

    /// A dictionary that is being looked through.
    private struct Place {
        var prefix = ""
        /// The dictionaries around it, by number: one that holds itself has no end.
        var path: [Int] = []
    }

    private mutating func collect(
        _ value: PickleValue, in graph: PickleGraph, at place: Place = Place()
    ) throws {
        guard case .object(let index) = value, place.path.count < Self.depthLimit,
            !place.path.contains(index)
        else { return }
        // Counted first: one dictionary may be in many places.
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
    /// What a value is, for a message.
    ///
    /// - Parameter value: the value.
    /// - Returns: a noun.
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
            case .numPyType, .numPyArray: return "an array of NumPy"
            case .opaque(let global), .global(let global): return "an object of \(global.path)"
            }
        }
    }
}
