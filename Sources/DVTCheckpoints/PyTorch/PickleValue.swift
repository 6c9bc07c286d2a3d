/// A value of a pickle.
///
/// A container is an index into a ``PickleGraph``: a list may contain itself, and deeply nested
/// lists are released without recursion.
enum PickleValue: Sendable {
    /// `None`.
    case none
    /// `True` or `False`.
    case bool(Bool)
    /// An integer of at most 64 bits.
    case int(Int)
    /// A float.
    case double(Double)
    /// Text, in which invalid UTF-8 is replaced.
    case string(String)
    /// Bytes.
    case bytes([UInt8])
    /// An object, by its index in the graph.
    case object(Int)
}

/// A container, or an object that a Python class or function creates.
struct PickleObject: Sendable {
    /// The kinds of objects.
    enum Kind: Sendable {
        /// A tuple.
        case tuple
        /// A list.
        case list
        /// A set, frozen or not.
        case set
        /// A dictionary; its elements alternate between keys and values.
        case dictionary
        /// A class or a function itself.
        case global(PickleGlobal)
        /// The result of an unknown class or function, which was not called.
        indirect case opaque(PickleGlobal)
        /// A storage outside the pickle.
        indirect case storage(PickleStorage)
        /// A view of a storage.
        indirect case tensor(PickleTensor)
        /// A NumPy element type.
        indirect case numPyType(NumPyType)
        /// A NumPy array.
        indirect case numPyArray(NumPyArray)
    }

    /// The object's kind.
    var kind: Kind
    /// The elements of a container.
    var elements: [PickleValue] = []
}

/// The objects of a pickle, which refer to each other by index.
struct PickleGraph: Sendable {
    /// The maximum length of dictionary keys, in UTF-8 bytes; longer ones are ignored, because a
    /// malicious pickle could repeat one a million times.
    static let keyByteLimit = 1024

    private(set) var objects: [PickleObject] = []

    /// Accesses an object by its index.
    subscript(index: Int) -> PickleObject {
        get { objects[index] }
        _modify { yield &objects[index] }
    }

    /// Adds an object.
    ///
    /// - Parameter object: the object.
    /// - Returns: the value that refers to it.
    mutating func add(_ object: PickleObject) -> PickleValue {
        objects.append(object)
        return .object(objects.count - 1)
    }

    /// The object that a value refers to, or nil for other values.
    func object(_ value: PickleValue) -> PickleObject? {
        guard case .object(let index) = value else { return nil }
        return objects[index]
    }

    /// A value as a class or function, or nil.
    func global(_ value: PickleValue) -> PickleGlobal? {
        guard case .global(let global) = object(value)?.kind else { return nil }
        return global
    }

    /// The elements of a tuple or list, or nil.
    func sequence(_ value: PickleValue) -> [PickleValue]? {
        guard let object = object(value) else { return nil }
        switch object.kind {
        case .tuple, .list: return object.elements
        default: return nil
        }
    }

    /// The elements of a tuple or list of integers, or nil.
    func integers(_ value: PickleValue) -> [Int]? {
        guard let elements = sequence(value) else { return nil }
        let integers = elements.compactMap { element in
            if case .int(let integer) = element { integer } else { nil }
        }
        return integers.count == elements.count ? integers : nil
    }

    /// A value as a tensor, or nil.
    func tensor(_ value: PickleValue) -> PickleTensor? {
        guard case .tensor(let tensor) = object(value)?.kind else { return nil }
        return tensor
    }

    /// The members of a dictionary with text keys, in order.
    ///
    /// The last of several with the same key is used; keys longer than ``keyByteLimit`` are ignored.
    func members(_ value: PickleValue) -> [(key: String, value: PickleValue)]? {
        guard let object = object(value), case .dictionary = object.kind else { return nil }
        var members: [(key: String, value: PickleValue)] = []
        var places: [String: Int] = [:]
        for index in stride(from: 0, to: object.elements.count - 1, by: 2) {
            guard case .string(let key) = object.elements[index],
                key.utf8.count <= Self.keyByteLimit
            else { continue }
            let member = (key, object.elements[index + 1])
            // Keys that differ only in Unicode normalization are equal in Swift but not in Python.
            // Both are kept, and rejected later as a repeated name.
            if let place = places[key], members[place].key.utf8.elementsEqual(key.utf8) {
                members[place] = member
            } else {
                places[key] = members.count
                members.append(member)
            }
        }
        return members
    }
}

/// The name of a class or function.
struct PickleGlobal: Equatable, Sendable {
    /// The module, for example `torch._utils`.
    let module: String
    /// The name in the module.
    let name: String

    /// The qualified name in Python's notation.
    var path: String { "\(module).\(name)" }
}

/// A storage: numbers outside the pickle, identified by a key.
struct PickleStorage: Equatable, Sendable {
    /// The key.
    let key: String
    /// The type of the elements.
    let type: TorchElementType
    /// The number of elements.
    let elementCount: Int
    /// The visible elements, if the storage is a view of another.
    let view: Range<Int>
}

/// A view of a storage as the pickle describes it, not validated.
struct PickleTensor: Equatable, Sendable {
    /// The storage.
    let storage: PickleStorage
    /// The type of the elements, which may differ from the storage's.
    let type: TorchElementType
    /// The index of the first element in the storage.
    let offset: Int
    /// The extent of each axis.
    let sizes: [Int]
    /// The stride of each axis, in elements.
    let strides: [Int]
}

/// A NumPy element type.
struct NumPyType: Equatable, Sendable {
    /// Kind and size, for example `f8`.
    let code: String
    /// Whether the byte order differs from this machine's.
    var isSwapped: Bool
}

/// A NumPy array, whose elements are stored in the pickle.
struct NumPyArray: Equatable, Sendable {
    /// The type of the elements.
    let type: NumPyType
    /// The extents.
    let sizes: [Int]
    /// Whether the first axis is the innermost (column-major order).
    let isFortranOrder: Bool
    /// The elements.
    let bytes: [UInt8]
}
