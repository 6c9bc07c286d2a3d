import Foundation

@testable import DVTExport

/// Computes an ONNX graph by the definitions of its operators, in Double.
///
/// - SeeAlso: <https://onnx.ai/onnx/operators/>.
struct ONNXInterpreter {
    /// An operator that exported graphs must not have, or one used in a way that they do not need.
    struct Unsupported: Error {
        let node: String
    }

    private let graph: WireGraphProto
    private let constants: [String: ONNXArray]

    init(_ graph: WireGraphProto) {
        self.graph = graph
        constants = Dictionary(
            uniqueKeysWithValues: graph.initializer.map { ($0.name, ONNXArray($0)) })
    }

    /// The outputs of the graph by their names.
    func callAsFunction(_ inputs: [String: ONNXArray]) throws -> [String: ONNXArray] {
        var values = constants.merging(inputs) { first, _ in first }
        for node in graph.node {
            let arguments = try node.input.map {
                guard let value = values[$0] else { throw Unsupported(node: "\(node.name): \($0)") }
                return value
            }
            for (name, result) in zip(node.output, try results(of: node, arguments)) {
                values[name] = result
            }
        }
        return try Dictionary(
            uniqueKeysWithValues: graph.output.map {
                guard let value = values[$0.name] else { throw Unsupported(node: $0.name) }
                return ($0.name, value)
            })
    }

    private func results(
        of node: WireNodeProto, _ x: [ONNXArray]
    ) throws -> [ONNXArray] {
        func attribute(_ name: String) -> WireAttributeProto? {
            node.attribute.first { $0.name == name }
        }
        func axis(_ rank: Int) -> Int {
            let axis = Int(attribute("axis")?.i ?? 0)
            return axis < 0 ? axis + rank : axis
        }
        switch node.opType {
        case "Identity": return [x[0]]
        case "Add": return [x[0].combined(x[1], +)]
        case "Sub": return [x[0].combined(x[1], -)]
        case "Mul": return [x[0].combined(x[1], *)]
        case "Div": return [x[0].combined(x[1], /)]
        case "Erf": return [x[0].mapped(erf)]
        case "Exp": return [x[0].mapped(exp)]
        case "Tanh": return [x[0].mapped(tanh)]
        case "Sigmoid": return [x[0].mapped { 1 / (1 + exp(-$0)) }]
        case "MatMul": return [x[0].multiplied(by: x[1])]
        case "Conv":
            return [
                x[0].convolved(
                    x[1], bias: x.count > 2 ? x[2] : nil,
                    stride: Int(attribute("strides")?.ints[0] ?? 1),
                    padding: Int(attribute("pads")?.ints[0] ?? 0))
            ]
        case "Softmax":
            return [
                x[0].mappedRows { row in
                    let powers = row.map { exp($0 - (row.max() ?? 0)) }
                    return powers.map { $0 / powers.reduce(0, +) }
                }
            ]
        case "LayerNormalization":
            let epsilon = Double(attribute("epsilon")?.f ?? 1e-5)
            return [
                x[0].mappedRows { row in
                    let mean = row.reduce(0, +) / Double(row.count)
                    let variance =
                        row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
                    return row.map { ($0 - mean) / (variance + epsilon).squareRoot() }
                }.combined(x[1], *).combined(x[2], +)
            ]
        case "Reshape": return [x[0].reshaped(x[1].integers)]
        case "Transpose":
            return [x[0].transposed(attribute("perm")?.ints.map { Int($0) } ?? [])]
        case "Slice":
            return [
                x[0].sliced(
                    axis: x[3].integers[0], x[1].integers[0]..<x[2].integers[0])
            ]
        case "Split":
            let axis = axis(x[0].shape.count)
            let size = x[0].shape[axis] / node.output.count
            return node.output.indices.map {
                x[0].sliced(axis: axis, $0 * size..<($0 + 1) * size)
            }
        case "Concat": return [.concatenated(x, axis: axis(x[0].shape.count))]
        case "Gather": return [x[0].gathered(x[1], axis: axis(x[0].shape.count))]
        case "Pad": return [x[0].padded(x[1].integers)]
        case "ReduceSum" where attribute("keepdims")?.i == 1:
            return [x[0].summed(axis: x[1].integers[0])]
        case "ReduceMean" where attribute("keepdims")?.i == 0:
            let axis = Int(attribute("axes")?.ints[0] ?? 0)
            let sums = x[0].summed(axis: axis)
            let mean = sums.mapped { $0 / Double(x[0].shape[axis]) }
            var shape = mean.shape
            shape.remove(at: axis)
            return [mean.reshaped(shape)]
        default: throw Unsupported(node: "\(node.name): \(node.opType)")
        }
    }
}

/// An array of an ONNX graph, row-major.
struct ONNXArray {
    let shape: [Int]
    let numbers: [Double]

    init(_ shape: [Int], _ numbers: [Double]) {
        precondition(numbers.count == shape.reduce(1, *))
        (self.shape, self.numbers) = (shape, numbers)
    }

    /// An initializer.
    init(_ tensor: WireTensorProto) {
        let numbers: [Double] = tensor.rawData.withUnsafeBytes { bytes in
            tensor.dataType == Int32(WireTensorProto.DataType.int64.rawValue)
                ? stride(from: 0, to: bytes.count, by: 8).map {
                    Double(bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self))
                }
                : stride(from: 0, to: bytes.count, by: 4).map {
                    Double(bytes.loadUnaligned(fromByteOffset: $0, as: Float.self))
                }
        }
        self.init(tensor.dims.map { Int($0) }, numbers)
    }

    /// An array whose elements follow from their indices.
    private init(_ shape: [Int], element: ([Int]) -> Double) {
        var index = [Int](repeating: 0, count: shape.count)
        let count = shape.reduce(1, *)
        var numbers: [Double] = []
        numbers.reserveCapacity(count)
        for _ in 0..<count {
            numbers.append(element(index))
            for axis in shape.indices.reversed() {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
            }
        }
        self.init(shape, numbers)
    }

    var integers: [Int] { numbers.map { Int($0) } }

    /// The place of an element; leading indices that the array does not have are dropped, and those
    /// along axes of extent 1 are 0.
    private func place(_ index: [Int]) -> Int {
        zip(index.suffix(shape.count), shape).reduce(0) {
            $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0)
        }
    }

    func mapped(_ function: (Double) -> Double) -> Self { Self(shape, numbers.map(function)) }

    func mappedRows(_ function: ([Double]) -> [Double]) -> Self {
        let width = shape[shape.count - 1]
        return Self(
            shape,
            stride(from: 0, to: numbers.count, by: width).flatMap {
                function(Array(numbers[$0..<$0 + width]))
            })
    }

    func combined(_ other: Self, _ function: (Double, Double) -> Double) -> Self {
        Self(Self.broadcast(shape, other.shape)) {
            function(numbers[place($0)], other.numbers[other.place($0)])
        }
    }

    private static func broadcast(_ first: [Int], _ second: [Int]) -> [Int] {
        let rank = max(first.count, second.count)
        func padded(_ shape: [Int]) -> [Int] {
            Array(repeating: 1, count: rank - shape.count) + shape
        }
        return zip(padded(first), padded(second)).map { extents in
            precondition(
                extents.0 == extents.1 || extents.0 == 1 || extents.1 == 1,
                "\(first) and \(second) cannot be combined")
            return max(extents.0, extents.1)
        }
    }

    func multiplied(by other: Self) -> Self {
        let inner = shape[shape.count - 1]
        precondition(other.shape[other.shape.count - 2] == inner)
        let outer = Self.broadcast(Array(shape.dropLast(2)), Array(other.shape.dropLast(2)))
        let extents = [shape[shape.count - 2], other.shape[other.shape.count - 1]]
        return Self(outer + extents) { index in
            var (row, column) = (index, index)
            (row[row.count - 1], column[column.count - 2]) = (0, 0)
            let (start, first) = (place(row), other.place(column))
            return (0..<inner).reduce(0) {
                $0 + numbers[start + $1] * other.numbers[first + $1 * extents[1]]
            }
        }
    }

    func convolved(_ weight: Self, bias: Self?, stride: Int, padding: Int) -> Self {
        let kernel = weight.shape[2]
        let padded = padded([0, 0, padding, padding, 0, 0, padding, padding])
        let side = (padded.shape[2] - kernel) / stride + 1
        return Self([shape[0], weight.shape[0], side, side]) { index in
            var sum = bias?.numbers[index[1]] ?? 0
            for channel in 0..<weight.shape[1] {
                for y in 0..<kernel {
                    let pixels = padded.offset(
                        [index[0], channel, index[2] * stride + y, index[3] * stride])
                    let weights = weight.offset([index[1], channel, y, 0])
                    for x in 0..<kernel {
                        sum += padded.numbers[pixels + x] * weight.numbers[weights + x]
                    }
                }
            }
            return sum
        }
    }

    /// A shape may keep an extent (0) or leave one to the others (-1).
    func reshaped(_ target: [Int]) -> Self {
        var target = target.enumerated().map { $0.element == 0 ? shape[$0.offset] : $0.element }
        if let open = target.firstIndex(of: -1) {
            target[open] = numbers.count / -target.reduce(1, *)
        }
        return Self(target, numbers)
    }

    func transposed(_ axes: [Int]) -> Self {
        Self(axes.map { shape[$0] }) { index in
            var source = index
            for (place, axis) in axes.enumerated() { source[axis] = index[place] }
            return numbers[offset(source)]
        }
    }

    func sliced(axis: Int, _ range: Range<Int>) -> Self {
        var extents = shape
        extents[axis] = range.count
        return Self(extents) { index in
            var source = index
            source[axis] += range.lowerBound
            return numbers[offset(source)]
        }
    }

    static func concatenated(_ parts: [Self], axis: Int) -> Self {
        var extents = parts[0].shape
        extents[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        return Self(extents) { index in
            var (source, part) = (index, 0)
            while source[axis] >= parts[part].shape[axis] {
                source[axis] -= parts[part].shape[axis]
                part += 1
            }
            return parts[part].numbers[parts[part].offset(source)]
        }
    }

    func gathered(_ indices: Self, axis: Int) -> Self {
        let inner = indices.shape.count
        let extents = Array(shape[..<axis] + indices.shape + shape[(axis + 1)...])
        return Self(extents) { index in
            let row = indices.numbers[indices.offset(Array(index[axis..<axis + inner]))]
            return numbers[offset(Array(index[..<axis]) + [Int(row)] + index[(axis + inner)...])]
        }
    }

    func padded(_ pads: [Int]) -> Self {
        let extents = shape.indices.map { shape[$0] + pads[$0] + pads[$0 + shape.count] }
        return Self(extents) { index in
            let source = index.indices.map { index[$0] - pads[$0] }
            let isInside = zip(source, shape).allSatisfy { (0..<$1).contains($0) }
            return isInside ? numbers[offset(source)] : 0
        }
    }

    func summed(axis: Int) -> Self {
        let axis = axis < 0 ? axis + shape.count : axis
        var extents = shape
        extents[axis] = 1
        return Self(extents) { index in
            var source = index
            return (0..<shape[axis]).reduce(0) { sum, place in
                source[axis] = place
                return sum + numbers[offset(source)]
            }
        }
    }

    private func offset(_ index: [Int]) -> Int {
        zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
    }
}
