import DVTCore

/// The nodes and constants of an ONNX graph, in the order in which they are added.
///
/// Values are known by their names. The first axis of a value is the batch, whose extent is not
/// known; shapes of `Reshape` begin with 0, which keeps it.
final class ONNXGraph {
    private(set) var nodes: [WireNodeProto] = []
    private(set) var initializers: [ONNXInitializer] = []
    /// The initializers' names.
    private var names: Set<String> = []
    /// The names of unnamed constants by their values.
    private var constants: [ONNXInitializer.Constant: String] = [:]

    /// Adds a node with one output.
    ///
    /// - Parameters:
    ///   - type: the operator.
    ///   - inputs: the names of its inputs.
    ///   - attributes: its attributes.
    ///   - output: the name of its output; nil means one of the graph's own.
    /// - Returns: that name.
    @discardableResult
    func add(
        _ type: String, _ inputs: [String], _ attributes: [WireAttributeProto] = [],
        as output: String? = nil
    ) -> String {
        let name = output ?? "\(type)_\(nodes.count)"
        add(type, inputs, attributes, outputs: [name])
        return name
    }

    /// Adds a node that splits a value into equal parts along an axis.
    func split(_ x: String, axis: Int, parts: Int) -> [String] {
        let names = (0..<parts).map { "Split_\(nodes.count)_\($0)" }
        add("Split", [x], [.int("axis", axis)], outputs: names)
        return names
    }

    /// Adds an initializer; one of the same name is added once.
    func initializer(_ initializer: ONNXInitializer) -> String {
        if names.insert(initializer.name).inserted { initializers.append(initializer) }
        return initializer.name
    }

    /// A scalar constant.
    func scalar(_ value: Float) -> String { constant(.scalar(value)) }

    /// A list or matrix of integers, such as the shape of a `Reshape`.
    func integers(_ values: [Int], shape: Shape? = nil) -> String {
        constant(.integers(values, shape ?? [values.count]))
    }

    private func constant(_ value: ONNXInitializer.Constant) -> String {
        if let name = constants[value] { return name }
        let name = "constant_\(constants.count)"
        constants[value] = name
        return initializer(ONNXInitializer(name: name, value))
    }

    private func add(
        _ type: String, _ inputs: [String], _ attributes: [WireAttributeProto], outputs: [String]
    ) {
        var node = WireNodeProto()
        node.name = "\(type)_\(nodes.count)"
        node.opType = type
        node.input = inputs
        node.output = outputs
        node.attribute = attributes
        nodes.append(node)
    }
}

// Steps that several operations share.
extension ONNXGraph {
    func reshape(_ x: String, _ shape: [Int]) -> String {
        add("Reshape", [x, integers(shape)])
    }

    func transpose(_ x: String, _ axes: [Int]) -> String {
        add("Transpose", [x], [.ints("perm", axes)])
    }

    func slice(_ x: String, axis: Int, _ range: Range<Int>) -> String {
        add(
            "Slice",
            [x, integers([range.lowerBound]), integers([range.upperBound]), integers([axis])])
    }

    func concatenate(_ values: [String], axis: Int) -> String {
        values.count == 1 ? values[0] : add("Concat", values, [.int("axis", axis)])
    }

    /// The sum along an axis, which remains with extent 1.
    func sum(_ x: String, axis: Int) -> String {
        add("ReduceSum", [x, integers([axis])], [.int("keepdims", 1)])
    }

    func activated(_ x: String, _ activation: Activation) -> String {
        switch activation {
        case .identity: return x
        case .gelu:
            return halfOfProduct(
                x, add("Erf", [add("Div", [x, scalar(Float(2.0.squareRoot()))])]))
        case .geluTanh:
            let cube = add("Mul", [add("Mul", [x, x]), x])
            let sum = add("Add", [x, add("Mul", [cube, scalar(0.044715)])])
            let factor = scalar(Float((2 / Double.pi).squareRoot()))
            return halfOfProduct(x, add("Tanh", [add("Mul", [sum, factor])]))
        case .quickGELU:
            return add("Mul", [x, add("Sigmoid", [add("Mul", [x, scalar(1.702)])])])
        }
    }

    /// `x (1 + y) / 2`, in the order that ONNX Runtime recognizes as a GELU.
    private func halfOfProduct(_ x: String, _ y: String) -> String {
        add("Mul", [add("Mul", [x, add("Add", [y, scalar(1)])]), scalar(0.5)])
    }
}

extension WireAttributeProto {
    static func int(_ name: String, _ value: Int) -> Self {
        var attribute = named(name, .int)
        attribute.i = Int64(value)
        return attribute
    }

    static func ints(_ name: String, _ values: [Int]) -> Self {
        var attribute = named(name, .ints)
        attribute.ints = values.map(Int64.init)
        return attribute
    }

    static func float(_ name: String, _ value: Float) -> Self {
        var attribute = named(name, .float)
        attribute.f = value
        return attribute
    }

    private static func named(_ name: String, _ type: AttributeType) -> Self {
        var attribute = Self()
        attribute.name = name
        attribute.type = type
        return attribute
    }
}
