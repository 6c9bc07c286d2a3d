/// A value of a pickle.
///
/// A container is a number into a ``PickleGraph``, so that a list may hold itself, and ten thousand
/// lists within each other are freed without ten thousand nested calls.
enum PickleValue: Sendable {
    /// `None`.
    case none
    /// `True` or `False`.
    case bool(Bool)
    /// An integer of at most 64 bits.
    case int(Int)
    /// A float.
    case double(Double)
    /// Text; bytes that are not UTF-8 are replaced in it.
    case string(String)
    /// Bytes.
    case bytes([UInt8])
    /// A value of several parts, by its number in the graph.
    case object(Int)
}

/// A value that has parts, or that a class or function of Python stands for.
struct PickleObject: Sendable {
    /// What the object is.
    enum Kind: Sendable {
        /// A tuple.
        case tuple
        /// A list.
        case list
        /// A set, frozen or not.
        case set
        /// A dictionary; its elements are keys and values in turn.
        case dictionary
        /// A class or a function itself.
        case global(PickleGlobal)
        /// What a class or function that is not known here would have made. It was not called.
        indirect case opaque(PickleGlobal)
        /// Numbers kept outside the pickle.
        indirect case storage(PickleStorage)
        /// A view of a storage.
        indirect case tensor(PickleTensor)
        /// An element type of NumPy.
        indirect case numPyType(NumPyType)
        /// An array of NumPy.
        indirect case numPyArray(NumPyArray)
    }

    /// What it is.
    var kind: Kind
    /// Its parts.
    var elements: [PickleValue] = []
}

/// The objects of one pickle, which refer to each other by number.
struct PickleGraph: Sendable {
    /// The longest key, in bytes of UTF-8, that is compared with others: a pickle may use one of
    /// any length a million times.
    static let keyByteLimit = 1024

    private(set) var objects: [PickleObject] = []

    /// The object of a number that this graph gave.
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

    /// The object that a value refers to, or nil for a plain value.
    func object(_ value: PickleValue) -> PickleObject? {
        guard case .object(let index) = value else { return nil }
        return objects[index]
    }

    /// The class or function that a value is.
    func global(_ value: PickleValue) -> PickleGlobal? {
        guard case .global(let global) = object(value)?.kind else { return nil }
        return global
    }

    /// The elements of a tuple or list.
    func sequence(_ value: PickleValue) -> [PickleValue]? {
        guard let object = object(value) else { return nil }
        switch object.kind {
        case .tuple, .list: return object.elements
        default: return nil
        }
    }

    /// The elements of a tuple or list of integers.
    func integers(_ value: PickleValue) -> [Int]? {
        guard let elements = sequence(value) else { return nil }
        let integers = elements.compactMap { element in
            if case .int(let integer) = element { integer } else { nil }
        }
        return integers.count == elements.count ? integers : nil
    }

    /// The tensor that a value is.
    func tensor(_ value: PickleValue) -> PickleTensor? {
        guard case .tensor(let tensor) = object(value)?.kind else { return nil }
        return tensor
    }

    /// The members of a dictionary that have text as their key, in order; the last of several that
    /// share a key counts, and those with endless keys are left out.
    func members(_ value: PickleValue) -> [(key: String, value: PickleValue)]? {
        guard let object = object(value), case .dictionary = object.kind else { return nil }
        var members: [(key: String, value: PickleValue)] = []
        var places: [String: Int] = [:]
        for index in stride(from: 0, to: object.elements.count - 1, by: 2) {
            guard case .string(let key) = object.elements[index],
                key.utf8.count <= Self.keyByteLimit
            else { continue }
            let member = (key, object.elements[index + 1])
            // Spelled differently in Unicode, two keys are one to Swift but two to Python. They are
            // kept apart, so that names which cannot be told apart are refused later.
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

/// A class or function by its name.
struct PickleGlobal: Equatable, Sendable {
    /// The module it is in, for example `torch._utils`.
    let module: String
    /// Its name there.
    let name: String

    /// Module and name, as Python writes them.
    var path: String { "\(module).\(name)" }
}

/// Numbers kept outside the pickle, by the key they are found by.
struct PickleStorage: Equatable, Sendable {
    /// The key.
    let key: String
    /// The type of the elements.
    let type: TorchElementType
    /// The number of elements.
    let elementCount: Int
    /// The elements that are seen, where the storage is a part of another one.
    let view: Range<Int>
}

/// A view of a storage as a pickle describes it; nothing of it is checked.
struct PickleTensor: Equatable, Sendable {
    /// The numbers.
    let storage: PickleStorage
    /// The type of the elements, which may differ from the storage's.
    let type: TorchElementType
    /// The first element, in elements of the storage.
    let offset: Int
    /// The extent of each axis.
    let sizes: [Int]
    /// The distance between neighbors on each axis, in elements.
    let strides: [Int]
}

/// An element type of NumPy.
struct NumPyType: Equatable, Sendable {
    /// Kind and size, for example `f8`.
    let code: String
    /// Whether a byte order was given that is not this machine's.
    var isSwapped: Bool
}

/// An array of NumPy, whose elements lie in the pickle.
struct NumPyArray: Equatable, Sendable {
    /// The type of the elements.
    let type: NumPyType
    /// The extents.
    let sizes: [Int]
    /// Whether the first axis is the innermost.
    let isFortranOrder: Bool
    /// The elements.
    let bytes: [UInt8]
}
