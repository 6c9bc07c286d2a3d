import DVTCore
import DVTSupport

/// The numbers and text of a checkpoint other than the weights.
struct TorchMetadata {
    /// The maximum number of elements of a tensor or array.
    static let elementLimit = 4096
    /// The maximum size of an entry: values plus bytes of text.
    static let sizeLimit = 1 << 18
    /// The maximum size of all entries, including those that are omitted.
    static let totalSizeLimit = 1 << 22
    /// The maximum nesting depth of lists and dictionaries.
    static let depthLimit = 16

    private let container: TorchContainer
    private let bytes: UnsafeRawBufferPointer

    /// Creates a reader of the metadata.
    ///
    /// - Parameters:
    ///   - container: the parsed file.
    ///   - bytes: the whole file.
    init(_ container: TorchContainer, in bytes: UnsafeRawBufferPointer) {
        self.container = container
        self.bytes = bytes
    }

    /// The top-level entries other than the weights: text unchanged, other values as JSON.
    ///
    /// Entries that are large or contain objects of unknown classes, such as an optimizer's state,
    /// are omitted.
    ///
    /// - Parameter wrapper: the key of the weights, or nil if the whole object is the weights.
    /// - Returns: the entries by key.
    /// - Throws: ``PyTorchCheckpointError/Problem`` if a tensor is malformed.
    func entries(beside wrapper: String?) throws -> [String: String] {
        guard let wrapper else { return [:] }
        var entries: [String: String] = [:]
        var rest = Self.totalSizeLimit
        for (key, value) in container.graph.members(container.root) ?? [] where key != wrapper {
            let limit = min(Self.sizeLimit, rest)
            var budget = limit
            let json = try json(value, name: key, depth: 0, &budget)
            rest -= limit - max(budget, 0)
            if case .string(let text) = json {
                entries[key] = text
            } else if let json {
                entries[key] = json.jsonText
            }
        }
        return entries
    }

    /// A value as JSON, or nil if that cannot represent it.
    private func json(
        _ value: PickleValue, name: String, depth: Int, _ budget: inout Int
    ) throws -> JSONValue? {
        budget -= 1
        guard budget >= 0, depth < Self.depthLimit else { return nil }
        switch value {
        case .none: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .string(let text):
            budget -= text.utf8.count
            return budget >= 0 ? .string(text) : nil
        case .bytes: return nil
        case .object(let index):
            return try json(container.graph[index], name: name, depth: depth, &budget)
        }
    }

    private func json(
        _ object: PickleObject, name: String, depth: Int, _ budget: inout Int
    ) throws -> JSONValue? {
        switch object.kind {
        case .tuple, .list:
            guard let values = try values(object.elements, name, depth, &budget) else { return nil }
            return .array(values)
        case .dictionary: return try dictionary(object.elements, name, depth, &budget)
        case .tensor(let tensor): return try json(tensor, name: name, &budget)
        case .numPyArray(let array): return json(array, &budget)
        default: return nil
        }
    }

    private func values(
        _ elements: [PickleValue], _ name: String, _ depth: Int, _ budget: inout Int
    ) throws -> [JSONValue]? {
        var values: [JSONValue] = []
        for element in elements {
            guard let value = try json(element, name: name, depth: depth + 1, &budget) else {
                return nil
            }
            values.append(value)
        }
        return values
    }

    private func dictionary(
        _ elements: [PickleValue], _ name: String, _ depth: Int, _ budget: inout Int
    ) throws -> JSONValue? {
        guard let values = try values(elements, name, depth, &budget) else { return nil }
        var members: [(key: String, value: JSONValue)] = []
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            switch values[index] {
            case .string(let key): members.append((key, values[index + 1]))
            case .int(let key): members.append((String(key), values[index + 1]))
            default: return nil
            }
        }
        return .object(members)
    }
}

// Tensors and arrays.
extension TorchMetadata {
    private func json(
        _ tensor: PickleTensor, name: String, _ budget: inout Int
    ) throws -> JSONValue? {
        guard Self.isSmall(tensor.sizes) else { return nil }
        let layout = try TensorLayout(tensor, name: name, storages: container.storages)
        return json(layout, UnsafeRawBufferPointer(rebasing: bytes[layout.bytes]), &budget)
    }

    private func json(_ array: NumPyArray, _ budget: inout Int) -> JSONValue? {
        guard Self.isSmall(array.sizes), !array.type.isSwapped,
            let type = TorchElementType(numPyCode: array.type.code),
            let layout = TensorLayout(
                dense: type, sizes: array.sizes, isFortranOrder: array.isFortranOrder,
                byteCount: array.bytes.count)
        else { return nil }
        return array.bytes.withUnsafeBytes { json(layout, $0, &budget) }
    }

    private func json(
        _ layout: TensorLayout, _ elements: UnsafeRawBufferPointer, _ budget: inout Int
    ) -> JSONValue? {
        budget -= layout.shape.elementCount
        guard budget >= 0, let numbers = layout.numbers(in: elements) else { return nil }
        return Self.nested(numbers[...], layout.shape.dimensions[...])
    }

    private static func nested(
        _ numbers: ArraySlice<JSONValue>, _ sizes: ArraySlice<Int>
    ) -> JSONValue {
        guard let size = sizes.first else { return numbers.first ?? .null }
        let count = size == 0 ? 0 : numbers.count / size
        return .array(
            (0..<size).map { index in
                let start = numbers.startIndex + index * count
                return nested(numbers[start..<start + count], sizes.dropFirst())
            })
    }

    /// Whether the number of elements is within the limit; an extent of 0 counts as 1, because
    /// empty arrays may nest many lists.
    private static func isSmall(_ sizes: [Int]) -> Bool {
        guard sizes.count <= 8 else { return false }
        let count = sizes.reduce(1) { count, size in
            let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
            return overflow ? .max : product
        }
        return count <= elementLimit
    }
}
