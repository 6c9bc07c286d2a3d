extension Unpickler {
    /// Performs an operation by which Python would look up, call or initialize an object.
    mutating func performObject(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .global:
            let module = try line()
            stack.append(try lookUp(PickleGlobal(module: module, name: try line())))
        case .stackGlobal: try performStackGlobal()
        case .reduce, .newObject:
            let arguments = try pop()
            stack.append(try make(of: try pop(), arguments))
        case .newObjectEx:
            _ = try pop()
            let arguments = try pop()
            stack.append(try make(of: try pop(), arguments))
        case .build: try performBuild()
        case .binPersistentID: stack.append(try persistent(try pop()))
        default: preconditionFailure("\(opcode) is performed elsewhere")
        }
    }

    private mutating func performStackGlobal() throws {
        guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
            throw invalid("a global whose name is not text")
        }
        stack.append(try lookUp(PickleGlobal(module: module, name: name)))
    }

    private mutating func lookUp(_ global: PickleGlobal) throws -> PickleValue {
        guard global.module.utf8.count + global.name.utf8.count <= PickleGraph.keyByteLimit else {
            throw invalid("a global whose name is too long")
        }
        guard !global.isForbidden else {
            throw PyTorchCheckpointError.Problem.forbiddenGlobal(
                module: global.module, name: global.name, offset: offset)
        }
        return graph.add(PickleObject(kind: .global(global)))
    }

    /// The result of calling a class or function, as far as it is known.
    private mutating func make(
        of callable: PickleValue, _ arguments: PickleValue
    ) throws -> PickleValue {
        guard let arguments = graph.sequence(arguments) else {
            throw invalid("arguments that are not a tuple")
        }
        switch graph.object(callable)?.kind {
        case .global(let global): return try make(of: global, arguments)
        case .opaque(let global): return opaque(global)
        default: throw invalid("a call of a value that is not a function")
        }
    }

    private mutating func make(
        of global: PickleGlobal, _ arguments: [PickleValue]
    ) throws -> PickleValue {
        switch global.path {
        case "collections.OrderedDict", "collections.defaultdict": try dictionary(arguments)
        case "torch.Size": arguments.first ?? opaque(global)
        // For a subclass, or a tensor with attributes, this wraps another of these functions.
        case "torch._tensor._rebuild_from_type_v2":
            try subclassTensor(arguments) ?? opaque(global)
        default: try tensor(global, arguments) ?? numPy(global, arguments) ?? opaque(global)
        }
    }

    /// The placeholder of an unknown object.
    mutating func opaque(_ global: PickleGlobal) -> PickleValue {
        graph.add(PickleObject(kind: .opaque(global)))
    }

    /// A dictionary: in Python 2, `OrderedDict` has its pairs as an argument; `defaultdict` has its
    /// factory.
    private mutating func dictionary(_ arguments: [PickleValue]) throws -> PickleValue {
        let pairs = arguments.first.flatMap { graph.sequence($0) } ?? []
        try charge(pairs.count)
        let elements = try pairs.flatMap { pair in
            guard let pair = graph.sequence(pair), pair.count == 2 else {
                throw invalid("a dictionary whose elements are not pairs")
            }
            return pair
        }
        return graph.add(PickleObject(kind: .dictionary, elements: elements))
    }

    /// Sets an object's state, such as attributes; ignored except for NumPy types and arrays.
    private mutating func performBuild() throws {
        let state = try pop()
        guard case .object(let index) = try top() else {
            throw invalid("a state for a value that is not an object")
        }
        switch graph[index].kind {
        case .numPyType(let type):
            graph[index].kind = .numPyType(type.with(byteOrderOf: graph.sequence(state)))
        case .opaque(let global) where global.isNumPyArray:
            if let array = try numPyArray(graph.sequence(state)) {
                graph[index].kind = .numPyArray(array)
            }
        default: break
        }
    }
}

extension PickleGlobal {
    /// Modules that no checkpoint needs.
    private static let forbiddenModules: Set<String> = [
        "sys", "os", "posix", "nt", "subprocess", "pty", "socket", "shutil", "importlib", "runpy",
        "ctypes", "commands", "popen2", "webbrowser",
    ]
    private static let forbiddenBuiltins: Set<String> = [
        "__import__", "apply", "breakpoint", "compile", "delattr", "eval", "exec", "execfile",
        "exit", "file", "getattr", "globals", "input", "locals", "open", "quit", "raw_input",
        "reload", "setattr", "vars",
    ]

    /// Whether only a malicious file would name this.
    ///
    /// Nothing is called in any case, but such a file's numbers are not trusted either.
    var isForbidden: Bool {
        let package = module.prefix { $0 != "." }
        // In protocol 4, a name may be dotted.
        let first = name.prefix { $0 != "." }
        return Self.forbiddenModules.contains(String(package))
            || ["builtins", "__builtin__", "__builtins__"].contains(package)
                && Self.forbiddenBuiltins.contains(String(first))
    }
}
